//! When: pure timetable.
