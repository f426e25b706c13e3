//! The daemon as a service of Windows: what the service manager is told, and what it orders.
//!
//! ```text
//! start ─▶ StartPending ─ logs are followed ─▶ Running ─ stop, preshutdown ─▶ StopPending ─▶ Stopped
//!                                               └─ paramchange: the configuration is taken in anew
//! ```
//!
//! An exit code of ours that is not 0 is told as a service-specific one, so that the manager's
//! failure actions and its event log show it.

pub mod install;

use std::ffi::OsString;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::OnceLock;
use std::sync::PoisonError;
use std::time::Duration;

use tokio::sync::mpsc;
use windows_service::define_windows_service;
use windows_service::service::ServiceControl;
use windows_service::service::ServiceControlAccept;
use windows_service::service::ServiceExitCode;
use windows_service::service::ServiceState;
use windows_service::service::ServiceStatus;
use windows_service::service::ServiceType;
use windows_service::service_control_handler;
use windows_service::service_control_handler::ServiceControlHandlerResult;
use windows_service::service_control_handler::ServiceStatusHandle;
use windows_service::service_dispatcher;

use crate::service::orders::Order;

/// The name of the service.
pub const NAME: &str = "shirwatch";

/// How long the manager waits for a start or a stop until it believes that we hang.
const PATIENCE: Duration = Duration::from_secs(60);

/// The work of the service: it is given its orders, calls back when logs are followed, and ends
/// with an exit code.
pub type Job = Box<dyn FnOnce(mpsc::Receiver<Order>, Box<dyn FnOnce() + Send>) -> u8 + Send>;

/// The job, until the manager calls for it; its callback has no room for it.
static JOB: Mutex<Option<Job>> = Mutex::new(None);

define_windows_service!(service_entry, service_main);

/// Lets the service manager run `job`, and waits until it is done. Fails at once where no
/// manager has started this process.
pub fn dispatch(job: Job) -> windows_service::Result<()> {
    *JOB.lock().unwrap_or_else(PoisonError::into_inner) = Some(job);
    service_dispatcher::start(NAME, service_entry)
}

fn service_main(_: Vec<OsString>) {
    let Some(job) = JOB.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
    let (give, orders) = mpsc::channel(4);
    let state = Arc::new(Told::default());
    let told = Arc::clone(&state);
    let handler = move |control| {
        let order = match control {
            ServiceControl::Stop | ServiceControl::Preshutdown | ServiceControl::Shutdown => {
                told.tell(ServiceState::StopPending, 0);
                Order::Stop
            }
            ServiceControl::ParamChange => Order::Reload,
            ServiceControl::Interrogate => return ServiceControlHandlerResult::NoError,
            _ => return ServiceControlHandlerResult::NotImplemented,
        };
        // A full queue holds an order already.
        let _ = give.try_send(order);
        ServiceControlHandlerResult::NoError
    };
    let Ok(handle) = service_control_handler::register(NAME, handler) else { return };
    let _ = state.handle.set(handle);
    state.tell(ServiceState::StartPending, 0);
    let told = Arc::clone(&state);
    let code = job(orders, Box::new(move || told.tell(ServiceState::Running, 0)));
    state.tell(ServiceState::Stopped, code);
}

/// What the manager knows of us.
#[derive(Default)]
struct Told {
    handle: OnceLock<ServiceStatusHandle>,
}

impl Told {
    fn tell(&self, state: ServiceState, code: u8) {
        let pending = matches!(state, ServiceState::StartPending | ServiceState::StopPending);
        let status = ServiceStatus {
            service_type: ServiceType::OWN_PROCESS,
            current_state: state,
            controls_accepted: match state {
                ServiceState::Running => {
                    ServiceControlAccept::STOP
                        | ServiceControlAccept::PRESHUTDOWN
                        | ServiceControlAccept::PARAM_CHANGE
                }
                _ => ServiceControlAccept::empty(),
            },
            exit_code: match code {
                0 => ServiceExitCode::NO_ERROR,
                code => ServiceExitCode::ServiceSpecific(code.into()),
            },
            checkpoint: pending.into(),
            wait_hint: if pending { PATIENCE } else { Duration::ZERO },
            process_id: None,
        };
        if let Some(handle) = self.handle.get()
            && let Err(error) = handle.set_service_status(status)
        {
            tracing::error!(%error, "cannot tell the service manager how we are");
        }
    }
}
