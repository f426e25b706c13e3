//! Where an incident happened: the names in the context of its records.
//!
//! Most failures name what is known already; then nothing is copied.

use shirwatch_parsers::{Context, Record};

use crate::model::incident::Places;

/// The places that a context names.
pub(super) fn places(at: &Context<'_>) -> Places {
    let set = |it: &Option<std::borrow::Cow<'_, str>>| it.as_deref().into_iter().collect();
    Places {
        factories: set(&at.factory),
        pipelines: set(&at.pipeline),
        activities: set(&at.activity),
        integration_runtimes: set(&at.integration_runtime),
        nodes: set(&at.node),
    }
}

/// Whether all places of a record are known, or there is no room for more.
pub(super) fn knows(places: &Places, record: &Record<'_>) -> bool {
    let at = &record.context;
    [
        (&places.factories, &at.factory),
        (&places.pipelines, &at.pipeline),
        (&places.activities, &at.activity),
        (&places.integration_runtimes, &at.integration_runtime),
        (&places.nodes, &at.node),
    ]
    .into_iter()
    .all(|(set, name)| {
        name.as_deref().is_none_or(|it| set.len() >= Places::LIMIT || set.contains(it))
    })
}
