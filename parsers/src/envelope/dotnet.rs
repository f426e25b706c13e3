//! Exceptions as .NET prints them: `A: message ---> B: message`, then the frames (being
//! written).

use crate::record::Record;

/// Reads the printed exceptions of the message into the chain.
pub(crate) fn read(record: &mut Record<'_>) {
    let _ = record;
}
