//! `<LogProperties>` of the runtime's own trace.
//!
//! ```text
//! <LogProperties><Text>anything at all</Text></LogProperties>
//! <LogProperties><ErrorInfo>[{"Code":0,"Message":"…","InnerEventInfos":[…]}]</ErrorInfo></LogProperties>
//! ```
//!
//! These are not XML: what is inside is written as it is, with `<` and `&` of its own. So
//! the tags are taken literally, and the content goes to the last closing tag. What the
//! content says is left to the others.

use std::ops::Range;

use crate::envelope::error_info;
use crate::envelope::text::Text;
use crate::needle::needle;
use crate::record::{Format, Record};

/// What became of a text.
pub(crate) enum Opened<'a> {
    /// All of it is in the record.
    Told,
    /// This is the text to be told.
    Text(Text<'a>),
}

/// Opens the first `<LogProperties>` of the text, if there is one.
pub(crate) fn open<'a>(record: &mut Record<'a>, text: Text<'a>) -> Opened<'a> {
    let Some(start) = needle!("<LogProperties>").find(text.says.as_bytes()) else {
        return Opened::Text(text);
    };
    if record.format == Format::Plain {
        record.format = Format::LogProperties;
    }
    if let Some(range) = content(&text.says, start, "<ErrorInfo>", "</ErrorInfo>") {
        let inside = text.part(range);
        return match error_info::tell(record, inside) {
            None => Opened::Told,
            Some(inside) => Opened::Text(inside),
        };
    }
    let range = content(&text.says, start, "<Text>", "</Text>");
    let range = range.or_else(|| content(&text.says, start, "<LogProperties>", "</LogProperties>"));
    // Where the tags hold nothing, what stands around them may.
    Opened::Text(match range.filter(|range| !range.is_empty()) {
        Some(range) => text.part(range),
        None => text,
    })
}

/// What stands between the tags; to the end of the text where the closing tag is cut off.
fn content(text: &str, from: usize, opening: &str, closing: &str) -> Option<Range<usize>> {
    let start = from + text[from..].find(opening)? + opening.len();
    let length = text[start..].rfind(closing).unwrap_or(text.len() - start);
    let inside = &text[start..start + length];
    let blank = inside.len() - inside.trim_start().len();
    Some(start + blank..start + blank + inside.trim().len())
}
