//! Names, help and labels of every metric, and how they are recorded and rendered.
