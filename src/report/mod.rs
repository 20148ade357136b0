//! How a round is told: JSON for programs, a drawing for people.
