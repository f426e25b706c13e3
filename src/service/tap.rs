//! A source while it is read, and whether that works.

use shirwatch_parsers::Settings;

use crate::model::batch::Position;
use crate::service::ServiceError;
use crate::service::clock;
use crate::service::watchdog::Watch;
use crate::sources;
use crate::sources::Opening;
use crate::sources::Source;
use crate::sources::SourceConfig;

/// A source, and what its texts do not tell of themselves.
pub(super) struct Tap {
    pub(super) source: Box<dyn Source>,
    pub(super) settings: Settings,
    pub(super) trouble: Option<String>,
    /// True when a text was passed over that we failed on.
    pub(super) gave_up: bool,
    pub(super) watch: Watch,
}

impl Tap {
    /// Opens a source.
    pub(super) fn open(it: &SourceConfig, how: &Opening<'_>) -> Result<Self, ServiceError> {
        let settings = Settings { timezone: it.time_zone()? };
        let watch = Watch::new(it.silent_after, clock());
        Ok(Self { source: sources::open(it, how)?, settings, trouble: None, gave_up: false, watch })
    }

    /// Names the texts that we failed on; where in the program was told before them.
    pub(super) fn give_up(&mut self, texts: &[Position]) {
        self.gave_up |= !texts.is_empty();
        for Position { path, offset, .. } in texts {
            let source = self.source.name();
            tracing::error!(
                source,
                path,
                offset,
                "a text cannot be read and is passed over; report it"
            );
        }
    }

    /// Says that reading stopped or works again; once for each change.
    pub(super) fn note(&mut self, trouble: Option<String>) {
        if self.trouble == trouble {
            return;
        }
        match &trouble {
            Some(error) => {
                tracing::warn!(source = self.source.name(), error, "cannot read the source")
            }
            None => tracing::info!(source = self.source.name(), "the source can be read again"),
        }
        self.trouble = trouble;
    }
}
