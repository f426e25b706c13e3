//! A few names.

use serde::{Deserialize, Serialize};

/// Names, each once and in their order. A list without room to spare: of the thousands that are
/// in memory most hold one or two names, for which a tree takes five times as much.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Names(#[serde(deserialize_with = "sorted")] Vec<Box<str>>);

impl Names {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True when there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `name` is one of them.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        // Their lengths lie side by side, and the bytes of each elsewhere: a search by their order
        // would go there for each name that it meets.
        self.0.iter().any(|it| **it == *name)
    }

    /// The first.
    #[must_use]
    pub fn first(&self) -> Option<&str> {
        self.iter().next()
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|it| &**it)
    }

    /// Adds one, unless it is there.
    pub fn insert(&mut self, name: &str) {
        if let Err(at) = self.place(name) {
            self.0.reserve_exact(1);
            self.0.insert(at, name.into());
        }
    }

    /// Where a name stands, or would.
    fn place(&self, name: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|it| (**it).cmp(name))
    }
}

impl<'a> FromIterator<&'a str> for Names {
    fn from_iter<I: IntoIterator<Item = &'a str>>(names: I) -> Self {
        let mut it = Self::default();
        names.into_iter().for_each(|name| it.insert(name));
        it
    }
}

/// Names as somebody wrote them down.
fn sorted<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<Box<str>>, D::Error> {
    let mut names = Vec::<Box<str>>::deserialize(from)?;
    names.sort_unstable();
    names.dedup();
    names.shrink_to_fit();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::Names;

    #[test]
    fn each_name_stands_once_and_in_its_order() {
        let names: Names = ["b", "a", "c", "a"].into_iter().collect();
        assert_eq!(names.iter().collect::<Vec<_>>(), ["a", "b", "c"]);
        assert_eq!((names.len(), names.first()), (3, Some("a")));
        assert!(names.contains("c") && !names.contains("d") && !Names::default().contains(""));
        let read: Names = serde_json::from_str(r#"["c","a","b","a"]"#).unwrap();
        assert_eq!(read, names);
        assert_eq!(serde_json::to_string(&read).unwrap(), r#"["a","b","c"]"#);
        assert_eq!(names.0.capacity(), 3);
    }
}
