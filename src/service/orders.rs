//! What a daemon is told from outside: by signals, by a service manager, by its file.
//!
//! | order | Unix | Windows |
//! |---|---|---|
//! | stop | `SIGTERM`, `SIGINT` | Ctrl-C, Ctrl-Break, the closed console, the service manager |
//! | reload | `SIGHUP`, a changed file | a changed file, `sc control shirwatch paramchange` |

use std::path::PathBuf;
use std::time::Duration;
use std::time::SystemTime;

use tokio::sync::mpsc;

/// How often the configuration's file is looked at: seldom enough to cost nothing.
const LOOK: Duration = Duration::from_secs(3);

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// End, when all is written.
    Stop,
    /// Take in the configuration anew.
    Reload,
}

/// All that orders something.
pub(super) struct Orders {
    given: mpsc::Receiver<Order>,
}

impl Orders {
    /// Listens to the system, to `others` and to the file. A run that reads once has only the
    /// system's own way of being ended.
    pub(super) fn listen(
        others: Option<mpsc::Receiver<Order>>,
        file: Option<PathBuf>,
        once: bool,
    ) -> Self {
        let (give, given) = mpsc::channel(4);
        if !once {
            tokio::spawn(signals(give.clone()));
            if let Some(file) = file {
                tokio::spawn(watch(file, give.clone()));
            }
            if let Some(others) = others {
                tokio::spawn(pass_on(others, give));
            }
        }
        Self { given }
    }

    /// The next order; never, where nobody can give one.
    pub(super) async fn next(&mut self) -> Order {
        match self.given.recv().await {
            Some(order) => order,
            None => std::future::pending().await,
        }
    }
}

async fn pass_on(mut from: mpsc::Receiver<Order>, to: mpsc::Sender<Order>) {
    while let Some(order) = from.recv().await {
        if to.send(order).await.is_err() {
            return;
        }
    }
}

#[cfg(unix)]
async fn signals(to: mpsc::Sender<Order>) {
    use tokio::signal::unix::{SignalKind, signal};
    let kinds = [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()];
    let [Ok(mut terminate), Ok(mut interrupt), Ok(mut hangup)] = kinds.map(signal) else { return };
    loop {
        let order = tokio::select! {
            _ = terminate.recv() => Order::Stop,
            _ = interrupt.recv() => Order::Stop,
            _ = hangup.recv() => Order::Reload,
        };
        if to.send(order).await.is_err() {
            return;
        }
    }
}

/// Windows waits some seconds before it ends a process whose console is closed; that is enough
/// to write what is known.
#[cfg(windows)]
async fn signals(to: mpsc::Sender<Order>) {
    use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close, ctrl_logoff, ctrl_shutdown};
    let (Ok(mut c), Ok(mut stop), Ok(mut close)) = (ctrl_c(), ctrl_break(), ctrl_close()) else {
        return;
    };
    let (Ok(mut logoff), Ok(mut shutdown)) = (ctrl_logoff(), ctrl_shutdown()) else { return };
    tokio::select! {
        _ = c.recv() => {}
        _ = stop.recv() => {}
        _ = close.recv() => {}
        _ = logoff.recv() => {}
        _ = shutdown.recv() => {}
    }
    let _ = to.send(Order::Stop).await;
}

/// Orders a reload when the file has changed and is quiet again, so that one that is being
/// written is not read. Links are followed: a mounted configuration is exchanged as a whole.
async fn watch(file: PathBuf, to: mpsc::Sender<Order>) {
    let mut used = look(&file);
    let mut last = used;
    loop {
        tokio::time::sleep(LOOK).await;
        let now = look(&file);
        if now == last && now != used && now.is_some() {
            used = now;
            if to.send(Order::Reload).await.is_err() {
                return;
            }
        }
        last = now;
    }
}

/// Length and time of change; none while it is not there.
fn look(file: &std::path::Path) -> Option<(u64, Option<SystemTime>)> {
    let about = std::fs::metadata(file).ok()?;
    Some((about.len(), about.modified().ok()))
}
