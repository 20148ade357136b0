//! A set of address families, and one value for each.

use super::Family;

/// A set of families.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Families([bool; 2]);

impl Families {
    /// Neither.
    pub const NONE: Self = Self([false, false]);
    /// Both.
    pub const BOTH: Self = Self([true, true]);

    /// The set of one.
    #[must_use]
    pub const fn only(family: Family) -> Self {
        Self::NONE.with(family)
    }

    /// This set and `family`.
    #[must_use]
    pub const fn with(mut self, family: Family) -> Self {
        self.0[family as usize] = true;
        self
    }

    /// This set without `family`.
    #[must_use]
    pub const fn without(mut self, family: Family) -> Self {
        self.0[family as usize] = false;
        self
    }

    /// All that is in one of the two.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self([self.0[0] || other.0[0], self.0[1] || other.0[1]])
    }

    /// Whether `family` is in it.
    #[must_use]
    pub const fn contains(self, family: Family) -> bool {
        self.0[family as usize]
    }

    /// Whether nothing is in it.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        !self.0[0] && !self.0[1]
    }

    /// What is in it, IPv4 first.
    pub fn iter(self) -> impl Iterator<Item = Family> {
        Family::ALL.into_iter().filter(move |f| self.contains(*f))
    }
}
