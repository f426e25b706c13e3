//! Tells systemd how the daemon is, where it was started by a unit of `Type=notify`.
//!
//! ```text
//! READY=1 … WATCHDOG=1 … RELOADING=1 MONOTONIC_USEC=… … READY=1 … STOPPING=1
//! ```
//!
//! The watchdog is fed only while the engine goes on: one that hangs is restarted. Elsewhere
//! than on Linux nobody is told anything.

use std::time::Duration;
use std::time::Instant;

#[cfg(target_os = "linux")]
use sd_notify::NotifyState;

/// How often the engine's pulse is felt, where nobody asks for it more often.
const FEEL: Duration = Duration::from_secs(10);

/// How long the engine may stand still before it is said to hang.
const STILL: Duration = Duration::from_secs(60);

/// How long the engine may rest between two rounds and is still alive.
const REST: Duration = Duration::from_secs(10);

/// Who started us.
pub(super) struct Systemd {
    /// How often the watchdog is fed.
    every: Option<Duration>,
    /// The engine's last round, and when it was seen first.
    pulse: (u64, Instant),
}

impl Systemd {
    /// As the environment tells it.
    pub(super) fn found() -> Self {
        Self { every: interval(), pulse: (0, Instant::now()) }
    }

    /// The work is done from now on.
    pub(super) fn ready(&self) {
        #[cfg(target_os = "linux")]
        tell(&[NotifyState::Ready, NotifyState::Status("following logs")]);
    }

    /// A new configuration is taken in; `ready` follows.
    pub(super) fn reloading(&self) {
        #[cfg(target_os = "linux")]
        if let Ok(now) = NotifyState::monotonic_usec_now() {
            tell(&[NotifyState::Reloading, now, NotifyState::Status("reloading")]);
        }
    }

    /// The end has come.
    pub(super) fn stopping(&self) {
        #[cfg(target_os = "linux")]
        tell(&[NotifyState::Stopping, NotifyState::Status("writing what is known")]);
    }

    /// Waits until the watchdog is to be fed.
    pub(super) fn wait(&self) -> impl Future<Output = ()> + use<> {
        tokio::time::sleep(self.every.unwrap_or(FEEL))
    }

    /// Feeds the watchdog if the engine went on; false when it has not for long.
    pub(super) fn feel(&mut self, pulse: u64) -> bool {
        if self.pulse.0 != pulse {
            self.pulse = (pulse, Instant::now());
        }
        let still = self.pulse.1.elapsed();
        #[cfg(target_os = "linux")]
        if self.every.is_some() && still < REST {
            tell(&[NotifyState::Watchdog]);
        }
        still < STILL
    }
}

#[cfg(target_os = "linux")]
fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "cannot tell systemd how we are");
    }
}

/// Half of what systemd waits for.
#[cfg(target_os = "linux")]
fn interval() -> Option<Duration> {
    sd_notify::watchdog_enabled().map(|it| it / 2)
}

#[cfg(not(target_os = "linux"))]
fn interval() -> Option<Duration> {
    None
}
