//! What is refused: foreign names and sites, changes, and too many requests.

use super::*;

#[tokio::test]
#[rustfmt::skip]
async fn only_our_own_page_and_programs_change_anything() {
    // headers                                                          status
    check_resolve("",                                                   200).await;
    check_resolve("Host: localhost:1|Origin: http://localhost:1",       200).await;
    check_resolve("Host: 127.0.0.1:1|Origin: https://s.contoso.example",200).await;
    check_resolve("Host: s.contoso.example|Origin: https://s.contoso.example", 200).await;
    check_resolve("Host: localhost:1|Origin: http://evil.example",      403).await;
    check_resolve("Host: localhost:1|Origin: http://localhost:2",       403).await;
    check_resolve("Host: localhost:1|Origin: null",                     403).await;
    check_resolve("Host: localhost:1|Sec-Fetch-Site: cross-site",       403).await;
    check_resolve("Host: localhost:1|Sec-Fetch-Site: same-site",        403).await;
    check_resolve("Host: localhost:1|Sec-Fetch-Site: same-origin",      200).await;
    check_resolve("Host: localhost:1|Sec-Fetch-Site: none",             200).await;
    check_resolve("Host: evil.example|Origin: http://evil.example",     403).await;
    check_resolve("Host: evil.example",                                 403).await;
}

#[tokio::test]
async fn read_only_changes_nothing() {
    let house = house(WebConfig { read_only: true, ..WebConfig::default() });
    let path = "/api/v1/incidents/9f86d081884c7d65/resolve";
    for (method, path) in [
        (Method::POST, path),
        (Method::POST, "/api/v1/silences"),
        (Method::DELETE, "/api/v1/silences/1"),
    ] {
        let answer = house.send(request(method, path, &[], "")).await;
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{path}");
    }
    assert_eq!(house.get("/api/v1/incidents").await.status(), StatusCode::OK);
    let explained = house.send(request(Method::POST, "/api/v1/explain", &[], "x")).await;
    assert_eq!(explained.status(), StatusCode::OK);
}

#[tokio::test]
#[rustfmt::skip]
async fn a_foreign_name_reads_no_log() {
    // host | path                                   status
    check_host("evil.example",  "/api/v1/incidents", 403).await;
    check_host("evil.example",  "/",                 403).await;
    check_host("evil.example",  "/metrics",          200).await;
    check_host("evil.example",  "/readyz",           200).await;
    check_host("127.0.0.1:80",  "/api/v1/incidents", 200).await;
    check_host("s.contoso.example", "/",             200).await;
}

#[tokio::test]
async fn nothing_is_loaded_from_elsewhere() {
    let answer = house(WebConfig::default()).get("/").await;
    let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");
    assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
    let html = text(answer).await;
    assert!(!html.contains("http://") && !html.contains("https://"), "{html}");
    for inline in [" style=", "<style", " onclick=", "<script>"] {
        assert!(!html.contains(inline), "{inline}");
    }
    let markup =
        ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "setHTML"];
    for (name, text) in page::FILES {
        for it in markup {
            assert!(!text.contains(it), "{name}: {it}");
        }
    }
}

#[tokio::test]
async fn who_asks_too_often_must_wait_and_nobody_else() {
    let house = house(WebConfig::default());
    let ask = async |last: u8| {
        let mut asked = request(Method::GET, "/livez", &[], "");
        asked.extensions_mut().insert(gate::Peer([192, 0, 2, last].into()));
        house.send(asked).await
    };
    let mut refused = None;
    for _ in 0..5000 {
        let answer = ask(1).await;
        if answer.status() == StatusCode::TOO_MANY_REQUESTS {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("nobody was refused");
    assert!(refused.headers().contains_key("retry-after"));
    assert_eq!(ask(2).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn streams_of_events_do_not_take_all_there_is() {
    let house = house(WebConfig::default());
    let mut held = Vec::new();
    for _ in 0..100 {
        held.push(house.get("/api/v1/events").await);
    }
    assert_eq!(house.get("/api/v1/events").await.status(), StatusCode::SERVICE_UNAVAILABLE);
    held.pop();
    assert_eq!(house.get("/api/v1/events").await.status(), StatusCode::OK);
}

fn outside() -> WebConfig {
    let external_url = Some("https://s.contoso.example/".to_owned());
    WebConfig { external_url, ..WebConfig::default() }
}

async fn check_resolve(headers: &str, expected: u16) {
    let mut house = house(outside());
    let headers: Vec<_> = headers.split('|').filter_map(|it| it.split_once(": ")).collect();
    let path = "/api/v1/incidents/9f86d081884c7d65/resolve";
    let mut commands = house.commands.take().unwrap();
    tokio::spawn(async move {
        while let Some(Command::Resolve { name, answer }) = commands.recv().await {
            answer.send(name == "9f86d081884c7d65").unwrap();
        }
    });
    let answer = house.send(request(Method::POST, path, &headers, "")).await;
    assert_eq!(answer.status().as_u16(), expected, "{headers:?}");
}

async fn check_host(host: &str, path: &str, expected: u16) {
    let answer = house(outside()).send(request(Method::GET, path, &[("Host", host)], "")).await;
    assert_eq!(answer.status().as_u16(), expected, "{host} {path}");
}
