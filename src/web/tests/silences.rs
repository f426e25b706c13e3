//! Silences by the API.

use super::*;

#[tokio::test]
async fn a_silence_is_made_listed_and_ended() {
    let house = house(WebConfig::default());
    let path = "/api/v1/silences";
    let body = r#"{"matchers":["category=dns"],"ends_at":"9000-01-01T00:00:00Z"}"#;
    let made = house.send(request(Method::POST, path, &[], body)).await;
    assert_eq!(made.status().as_u16(), 201);
    let made: Value = serde_json::from_str(&text(made).await).unwrap();
    assert_eq!(house.json(path).await["silences"][0], made);
    let one = format!("{path}/{}", made["id"].as_str().unwrap());
    for expected in [204, 404] {
        let ended = house.send(request(Method::DELETE, &one, &[], "")).await;
        assert_eq!(ended.status().as_u16(), expected);
    }
}

#[tokio::test]
#[rustfmt::skip]
async fn a_silence_that_cannot_be_is_refused() {
    // headers, body, status
    check_silence("", r#"{"matchers":[],"ends_at":"9000-01-01T00:00:00Z"}"#,               400).await;
    check_silence("", r#"{"matchers":["a"],"ends_at":"9000-01-01T00:00:00Z"}"#,            400).await;
    check_silence("", r#"{"matchers":["a=~("],"ends_at":"9000-01-01T00:00:00Z"}"#,         400).await;
    check_silence("", r#"{"matchers":["a=b"],"ends_at":"2001-01-01T00:00:00Z"}"#,          400).await;
    check_silence("", r#"{"matchers":["a=b"],"ends_at":"9000-01-01T00:00:00Z","x":1}"#,    400).await;
    check_silence("Origin: https://evil.example", r#"{"matchers":["a=b"],"ends_at":"9000-01-01T00:00:00Z"}"#, 403).await;
}

async fn check_silence(headers: &str, body: &str, expected: u16) {
    let headers: Vec<_> = headers.split('|').filter_map(|it| it.split_once(": ")).collect();
    let asked = request(Method::POST, "/api/v1/silences", &headers, body);
    let answer = house(WebConfig::default()).send(asked).await;
    assert_eq!(answer.status().as_u16(), expected, "{body}");
}
