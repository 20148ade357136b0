//! What of this process's memory others may see: nothing.
//!
//! It holds passwords, tokens and keys. A process that is not dumpable leaves no core file,
//! wherever the system puts those, and no other process of the same user can attach to it or read
//! its memory and environment; root still can. What was freed is not overwritten: whoever can read
//! the memory of this process can read the files of the secrets as well.

use rustix::process::{
    DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit,
};

/// Closes the memory of this process to others, for good. Where the kernel refuses, everything
/// else still works, so nothing is said.
pub fn keep_private() {
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    // For whatever it might start.
    let maximum = getrlimit(Resource::Core).maximum;
    let none = Rlimit {
        current: Some(0),
        maximum,
    };
    let _ = setrlimit(Resource::Core, none);
}
