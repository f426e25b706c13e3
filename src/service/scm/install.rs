//! Puts the service in and takes it out: what the service manager, the event log and the file
//! system have to know of it.
//!
//! | what | how |
//! |---|---|
//! | service | automatic, delayed; restarted after 5 s, 30 s and 60 s; 30 s to write before a shutdown |
//! | account | the virtual account `NT SERVICE\shirwatch`: no password, no rights of its own |
//! | logs | that account is put into the group `Event Log Readers` |
//! | folder | `%ProgramData%\shirwatch`, for administrators, the system and that account |
//! | event source | `shirwatch` in the Application log, shown whole by the texts of `eventcreate.exe` |
//!
//! All of it may be done again, over what is there.

use std::ffi::OsString;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;
use std::time::Instant;

use windows_service::service::Service;
use windows_service::service::ServiceAccess;
use windows_service::service::ServiceAction;
use windows_service::service::ServiceActionType;
use windows_service::service::ServiceErrorControl;
use windows_service::service::ServiceExitCode;
use windows_service::service::ServiceFailureActions;
use windows_service::service::ServiceFailureResetPeriod;
use windows_service::service::ServiceInfo;
use windows_service::service::ServiceStartType;
use windows_service::service::ServiceState;
use windows_service::service::ServiceType;
use windows_service::service_manager::ServiceManager;
use windows_service::service_manager::ServiceManagerAccess;

use crate::config::faults::chain;
use crate::service::scm::NAME;
use crate::service::scm::PATIENCE;

/// The account of the service. Windows makes it with the service.
pub const ACCOUNT: &str = r"NT SERVICE\shirwatch";

/// Where the event log looks up our source.
const EVENT_SOURCE: &str = r"HKLM\SYSTEM\CurrentControlSet\Services\EventLog\Application\shirwatch";

/// What the list of services shows.
const DESCRIPTION: &str =
    "Reads the logs of Azure Data Factory integration runtimes and says what broke";

/// How long after each failure it is started again.
const RESTARTS: [u64; 3] = [5, 30, 60];

/// How long a stop may take when the system goes down.
const PRESHUTDOWN: Duration = Duration::from_secs(30);

/// Why the service manager, or a program of the system, did not do it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "each message says it")]
pub enum ScmError {
    #[error("cannot {what}; run this as an administrator")]
    Manager { what: &'static str, source: windows_service::Error },
    #[error("cannot tell where this program lies")]
    Program(#[from] std::io::Error),
    #[error("the service did not start; it ended with exit code {code}, and its log says why")]
    Ended { code: u32 },
    #[error("the service was not {state} within {} s; its log may say why", PATIENCE.as_secs())]
    Late { state: &'static str },
}

type Done<T> = Result<T, ScmError>;

fn cannot(what: &'static str) -> impl FnOnce(windows_service::Error) -> ScmError {
    move |source| ScmError::Manager { what, source }
}

/// Puts the service in, or changes the one that is there. Gives what could not be done beside
/// it, and does not keep it from working.
pub fn install(config: Option<&Path>, state_dir: &Path) -> Done<Vec<String>> {
    let service = create(&info(config)?)?;
    let mut steps = vec![rights_on(state_dir), event_source(), event_log_readers()];
    let mut set = |what: &str, done: windows_service::Result<()>| {
        steps.push(done.map_err(|it| format!("the service has no {what}: {}", chain(&it))));
    };
    set("description", service.set_description(DESCRIPTION));
    set("delayed start", service.set_delayed_auto_start(true));
    set("time before a shutdown", service.set_preshutdown_timeout(PRESHUTDOWN));
    set("failure actions", service.update_failure_actions(failure_actions()));
    set("restart after an error", service.set_failure_actions_on_non_crash_failures(true));
    Ok(steps.into_iter().filter_map(Result::err).collect())
}

fn info(config: Option<&Path>) -> Done<ServiceInfo> {
    let mut arguments: Vec<OsString> = vec!["service".into(), "run".into()];
    if let Some(config) = config {
        arguments.extend(["--config".into(), std::path::absolute(config)?.into()]);
    }
    Ok(ServiceInfo {
        name: NAME.into(),
        display_name: "shirwatch".into(),
        service_type: ServiceType::OWN_PROCESS,
        start_type: ServiceStartType::AutoStart,
        error_control: ServiceErrorControl::Normal,
        executable_path: std::env::current_exe()?,
        launch_arguments: arguments,
        dependencies: vec![],
        account_name: Some(ACCOUNT.into()),
        account_password: None,
    })
}

fn create(info: &ServiceInfo) -> Done<Service> {
    let access = ServiceManagerAccess::CONNECT | ServiceManagerAccess::CREATE_SERVICE;
    let manager = manager(access)?;
    match manager.open_service(NAME, ServiceAccess::ALL_ACCESS) {
        Ok(service) => {
            service.change_config(info).map_err(cannot("change the service"))?;
            Ok(service)
        }
        Err(_) => manager
            .create_service(info, ServiceAccess::ALL_ACCESS)
            .map_err(cannot("make the service")),
    }
}

fn failure_actions() -> ServiceFailureActions {
    let restart = |after: u64| ServiceAction {
        action_type: ServiceActionType::Restart,
        delay: Duration::from_secs(after),
    };
    ServiceFailureActions {
        reset_period: ServiceFailureResetPeriod::After(Duration::from_secs(24 * 60 * 60)),
        reboot_msg: None,
        command: None,
        actions: Some(RESTARTS.map(restart).to_vec()),
    }
}

/// Stops the service and takes it out. What it has kept stays.
pub fn uninstall() -> Done<()> {
    let service = open(ServiceAccess::DELETE | ServiceAccess::STOP | ServiceAccess::QUERY_STATUS)?;
    stop_one(&service)?;
    service.delete().map_err(cannot("take out the service"))?;
    let _ = tool("reg.exe", &["delete", EVENT_SOURCE, "/f"]);
    Ok(())
}

/// Starts the service and waits until it follows logs.
pub fn start() -> Done<()> {
    let service = open(ServiceAccess::START | ServiceAccess::QUERY_STATUS)?;
    if state(&service)?.0 == ServiceState::Running {
        return Ok(());
    }
    service.start::<&str>(&[]).map_err(cannot("start the service"))?;
    await_state(&service, ServiceState::Running, "running")
}

/// Stops the service and waits until it has written what it knows.
pub fn stop() -> Done<()> {
    stop_one(&open(ServiceAccess::STOP | ServiceAccess::QUERY_STATUS)?)
}

fn stop_one(service: &Service) -> Done<()> {
    if state(service)?.0 == ServiceState::Stopped {
        return Ok(());
    }
    service.stop().map_err(cannot("stop the service"))?;
    await_state(service, ServiceState::Stopped, "stopped")
}

/// The state of the service in one word, and the exit code of its last run.
pub fn status() -> Done<(&'static str, u32)> {
    let (state, code) = state(&open(ServiceAccess::QUERY_STATUS)?)?;
    let word = match state {
        ServiceState::Running => "running",
        ServiceState::Stopped => "stopped",
        ServiceState::StartPending => "starting",
        ServiceState::StopPending => "stopping",
        _ => "paused",
    };
    Ok((word, code))
}

fn state(service: &Service) -> Done<(ServiceState, u32)> {
    let status = service.query_status().map_err(cannot("ask for the service"))?;
    let code = match status.exit_code {
        ServiceExitCode::Win32(code) | ServiceExitCode::ServiceSpecific(code) => code,
    };
    Ok((status.current_state, code))
}

fn await_state(service: &Service, wanted: ServiceState, word: &'static str) -> Done<()> {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        let (state, code) = state(service)?;
        if state == wanted {
            return Ok(());
        }
        if state == ServiceState::Stopped {
            return Err(ScmError::Ended { code });
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Err(ScmError::Late { state: word })
}

fn open(access: ServiceAccess) -> Done<Service> {
    let manager = manager(ServiceManagerAccess::CONNECT)?;
    manager.open_service(NAME, access).map_err(cannot("open the service `shirwatch`"))
}

fn manager(access: ServiceManagerAccess) -> Done<ServiceManager> {
    ServiceManager::local_computer(None::<&str>, access).map_err(cannot("ask the service manager"))
}

/// The folder is for administrators, the system and the service alone: what it keeps comes from
/// logs, and its configuration may name secrets.
fn rights_on(folder: &Path) -> Result<(), String> {
    std::fs::create_dir_all(folder)
        .map_err(|it| format!("cannot make `{}`: {it}", folder.display()))?;
    let folder = folder.display().to_string();
    let account = format!("{ACCOUNT}:(OI)(CI)M");
    // The groups by number: their names are another in each language.
    let groups = ["*S-1-5-32-544:(OI)(CI)F", "*S-1-5-18:(OI)(CI)F"];
    let arguments = [
        &folder,
        "/inheritance:r",
        "/grant:r",
        groups[0],
        "/grant:r",
        groups[1],
        "/grant:r",
        &account,
    ];
    tool("icacls.exe", &arguments)
}

fn event_source() -> Result<(), String> {
    let file = r"%SystemRoot%\System32\EventCreate.exe";
    let add = |name, kind, value| {
        tool("reg.exe", &["add", EVENT_SOURCE, "/v", name, "/t", kind, "/d", value, "/f"])
    };
    add("EventMessageFile", "REG_EXPAND_SZ", file)?;
    add("CustomSource", "REG_DWORD", "1")?;
    add("TypesSupported", "REG_DWORD", "7")
}

/// The group by its number, for which `net localgroup` has no way of writing.
fn event_log_readers() -> Result<(), String> {
    let script = format!(
        "$ErrorActionPreference = 'Stop'; \
         try {{ Add-LocalGroupMember -SID S-1-5-32-573 -Member '{ACCOUNT}' }} \
         catch {{ if ($_.FullyQualifiedErrorId -notlike 'MemberExists*') {{ throw }} }}"
    );
    let powershell = r"WindowsPowerShell\v1.0\powershell.exe";
    tool(powershell, &["-NoProfile", "-NonInteractive", "-Command", &script])
        .map_err(|it| format!("`{ACCOUNT}` is not in the group Event Log Readers: {it}"))
}

/// Runs a program of the system.
fn tool(name: &str, arguments: &[&str]) -> Result<(), String> {
    let root = std::env::var_os("SystemRoot").map_or_else(|| r"C:\Windows".into(), PathBuf::from);
    let output = Command::new(root.join("System32").join(name)).args(arguments).output();
    match output {
        Ok(it) if it.status.success() => Ok(()),
        Ok(it) => {
            let said = String::from_utf8_lossy(&it.stderr);
            let said: String = said.split_whitespace().collect::<Vec<_>>().join(" ");
            Err(format!("{name}: {}", said.chars().take(200).collect::<String>()))
        }
        Err(error) => Err(format!("{name}: {error}")),
    }
}
