//! Every text of a finding, one after another.
//!
//! Each struct is taken apart field by field, without `..`: who adds a field is stopped by
//! the compiler here, and decides whether a secret can stand in it.

use std::borrow::Cow;

use shirwatch_parsers::{Context, Link, Record, Run};

use crate::model::finding::{Cause, Finding, Matched};
use crate::model::redacted::taken::Taken;
use crate::model::redacted::{RedactionLevel, Redactor};

/// Redacts a finding in place.
pub(super) fn finding(it: &Redactor, finding: &mut Finding) {
    let Finding {
        record,
        numbers: _,
        rule: _,
        category: _,
        severity: _,
        fault: _,
        retryable: _,
        title,
        cause,
        resolution,
        verify,
        references: _,
        causes,
        matched,
        also: _,
        fingerprint: _,
    } = finding;
    let mut taken = Taken::default();
    self::record(&mut Pass { it, taken: &mut taken }, record);
    taken.sort();
    string(it, &taken, title);
    let advice = cause.iter_mut().chain(verify).chain(resolution);
    advice.for_each(|text| string(it, &taken, text));
    causes.iter_mut().for_each(|one| self::cause(it, &taken, one));
    let Matched { link: _, by } = matched;
    by.iter_mut().for_each(|text| string(it, &taken, text));
}

/// Redacts a context in place.
pub(super) fn names(it: &Redactor, context: &mut Context<'static>) {
    self::context(&mut Pass { it, taken: &mut Taken::default() }, context);
}

/// A redactor on its way through a record.
struct Pass<'a> {
    it: &'a Redactor,
    taken: &'a mut Taken,
}

fn cause(it: &Redactor, taken: &Taken, one: &mut Cause) {
    let Cause { cause, when, resolution, verify, ours: _ } = one;
    string(it, taken, cause);
    let others = when.iter_mut().chain(verify).chain(resolution);
    others.for_each(|text| string(it, taken, text));
}

fn record(it: &mut Pass<'_>, record: &mut Record<'static>) {
    let Record {
        format: _,
        time: _,
        time_raw,
        level: _,
        context,
        failure_type,
        code,
        side: _,
        message,
        chain,
        run,
        report,
        truncated: _,
        issues: _,
    } = record;
    text(it, message);
    time_raw.iter_mut().chain(failure_type).chain(code).for_each(|field| text(it, field));
    chain.iter_mut().for_each(|one| link(it, one));
    self::context(it, context);
    if let Some(Run { status, seconds: _ }) = run {
        text(it, status);
    }
    // A finding speaks of one trouble; the whole report was taken in before.
    *report = None;
}

fn link(it: &mut Pass<'_>, link: &mut Link<'static>) {
    let Link { error_code, type_name, message, source, details, stack_trace, embedded } = link;
    text(it, message);
    for field in error_code.iter_mut().chain(type_name).chain(source).chain(stack_trace) {
        text(it, field);
    }
    for (key, value) in details {
        text(it, key);
        text(it, value);
    }
    embedded.iter_mut().for_each(|one| self::link(it, one));
}

/// The names of the context tell where it happened, so they stay, but for those of
/// machines and of the tenant's resources at the level `name`.
fn context(it: &mut Pass<'_>, context: &mut Context<'static>) {
    let Context {
        factory,
        pipeline,
        pipeline_run_id,
        activity,
        activity_run_id,
        activity_type,
        integration_runtime,
        node,
        correlation_id,
        job_id,
        connector,
        last_connect: _,
    } = context;
    for name in factory.iter_mut().chain(node) {
        if it.it.level == RedactionLevel::Name {
            it.taken.remember(name, "[redacted:name]");
            *name = Cow::Borrowed("[redacted:name]");
        } else {
            text(it, name);
        }
    }
    let kinds = activity_type.iter_mut().chain(connector);
    let names = pipeline.iter_mut().chain(activity).chain(integration_runtime).chain(kinds);
    let ids = pipeline_run_id.iter_mut().chain(activity_run_id).chain(correlation_id).chain(job_id);
    names.chain(ids).for_each(|field| text(it, field));
}

fn text(pass: &mut Pass<'_>, field: &mut Cow<'static, str>) {
    let Pass { it, taken } = pass;
    let clean = it.take(field, &mut |part, label| taken.remember(part, label));
    if let Cow::Owned(clean) = clean {
        *field = Cow::Owned(clean);
    }
}

fn string(it: &Redactor, taken: &Taken, field: &mut String) {
    taken.leave(field);
    if let Cow::Owned(clean) = it.text(field) {
        *field = clean;
    }
}
