//! What the tests share: where the house stands, and the program as a user runs it.

pub(crate) mod catcher;
pub(crate) mod daemon;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All files below `folder` with this extension, relative to the root, sorted.
pub(crate) fn files(folder: &str, extension: &str) -> Vec<String> {
    let mut found = Vec::new();
    collect(&root().join(folder), extension, &mut found);
    found.sort();
    assert!(!found.is_empty(), "no .{extension} file in {folder}");
    found
}

fn collect(folder: &Path, extension: &str, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, extension, found);
        } else if path.extension().is_some_and(|it| it == extension) {
            let inside = path.strip_prefix(root()).unwrap();
            found.push(inside.to_string_lossy().replace('\\', "/"));
        }
    }
}

/// Runs the program to its end.
pub(crate) fn shirwatch(arguments: &[&str]) -> Output {
    let program = env!("CARGO_BIN_EXE_shirwatch");
    Command::new(program).args(arguments).env("NO_COLOR", "1").output().unwrap()
}

/// What the program wrote to standard output.
pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// One failed copy as a line of text; `number` makes it another table.
pub(crate) fn chain(number: usize) -> String {
    format!(
        "ErrorCode=SqlOperationFailed,'Type=Microsoft.DataTransfer.Common.Shared.HybridDeliveryException,\
         Message=A database operation failed with the following error: 'Invalid object name 'dbo.t{number}'.',\
         Source=,''Type=System.Data.SqlClient.SqlException,Message=Invalid object name 'dbo.t{number}'.,\
         Source=.Net SqlClient Data Provider,SqlErrorNumber=208,Class=16,ErrorCode=-2146232060,State=1,\
         Errors=[{{Class=16,Number=208,State=1,Message=Invalid object name 'dbo.t{number}'.,}},],'\n"
    )
}
