//! The entities that some producers write inside a chain: `&#44;` for a comma, `&apos;`
//! for an apostrophe, `&amp;`.
//!
//! They protect the text from the grammar, so they are decoded after the links were told
//! apart, and once: `&amp;#44;` is the text `&#44;`.

use std::borrow::Cow;

use memchr::memchr;

use crate::needle::{Needles, needle, needles};

const ENTITIES: [(&str, &str); 8] = [
    ("&#44;", ","),
    ("&apos;", "'"),
    ("&#39;", "'"),
    ("&#x27;", "'"),
    ("&amp;", "&"),
    ("&quot;", "\""),
    ("&lt;", "<"),
    ("&gt;", ">"),
];

/// The text with its entities decoded; the text itself where it holds none.
///
/// ```
/// use shirwatch_parsers::chain::entities::decode;
/// assert_eq!(decode("a&#44; &apos;b&apos; R&amp;D &amp;#44; & c"), "a, 'b' R&D &#44; & c");
/// ```
#[must_use]
pub fn decode(text: &str) -> Cow<'_, str> {
    let Some(first) = next(text) else { return Cow::Borrowed(text) };
    let mut out = String::with_capacity(text.len());
    let (mut rest, mut found) = (text, Some(first));
    while let Some((at, entity, plain)) = found {
        out.push_str(&rest[..at]);
        out.push_str(plain);
        rest = &rest[at + entity.len()..];
        found = next(rest);
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The text of a chain that was written in a page as a whole, its own apostrophes too;
/// `None` where they are apostrophes.
///
/// ```
/// use shirwatch_parsers::chain::entities::opened;
/// let text = "&#39;Type=A.B,Message=R&amp;amp;D,Source=s,&#39;";
/// assert_eq!(opened(text).as_deref(), Some("'Type=A.B,Message=R&amp;D,Source=s,'"));
/// assert_eq!(opened("'Type=A.B,Message=&apos;Type=C&apos;,Source=s,'"), None);
/// ```
#[must_use]
pub fn opened(text: &str) -> Option<String> {
    static ENCODED: Needles<5> = Needles::new(|| {
        needles(["&apos;Type=", "&#39;Type=", "&#x27;Type=", "&#8217;Type=", "&rsquo;Type="])
    });
    let whole = needle!(";Type=").find(text.as_bytes()).is_some()
        && ENCODED.any_in(text)
        && needle!("'Type=").find(text.as_bytes()).is_none();
    whole.then(|| {
        let text = text.replace("&#8217;", "'").replace("&rsquo;", "'");
        // A comma is protected from the grammar of the chain, not from the page.
        decode(&text.replace("&#44;", "&amp;#44;")).into_owned()
    })
}

/// The next entity: where it stands, how it is written, what it means.
fn next(text: &str) -> Option<(usize, &'static str, &'static str)> {
    let mut from = 0;
    while let Some(at) = memchr(b'&', &text.as_bytes()[from..]).map(|at| from + at) {
        let known = ENTITIES.iter().find(|(entity, _)| text[at..].starts_with(entity));
        if let Some((entity, plain)) = known {
            return Some((at, entity, plain));
        }
        from = at + 1;
    }
    None
}
