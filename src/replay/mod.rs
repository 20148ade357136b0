//! A recorded timeline through the real judging code, in virtual time.
