//! A thread that makes requests, several at a time, and hands over what came of them.

use std::future::Future;
use std::rc::Rc;
use std::sync::mpsc;
use std::thread;

use tokio::runtime;
use tokio::sync::mpsc as asks;
use tokio::task::LocalSet;

use crate::sources::Waker;

/// Requests that may be under way; who asks keeps below it.
pub(in crate::sources) const AT_ONCE: usize = 8;

/// A thread that makes requests. It ends when this is dropped, with whatever is under way.
pub(in crate::sources) struct Worker<Q, A> {
    asks: asks::Sender<Q>,
    answers: mpsc::Receiver<A>,
}

impl<Q: Send + 'static, A: Send + 'static> Worker<Q, A> {
    /// Starts a thread that answers each question by `answer`, and then calls `wake`.
    pub(in crate::sources) fn start<F, T>(wake: Option<Waker>, answer: F) -> std::io::Result<Self>
    where
        F: Fn(Q) -> T + Send + 'static,
        T: Future<Output = A> + 'static,
    {
        let (asks, questions) = asks::channel(AT_ONCE);
        let (told, answers) = mpsc::channel();
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        thread::Builder::new().name("azure".to_owned()).spawn(move || {
            let tell = move |it| {
                if told.send(it).is_ok() {
                    wake.as_ref().inspect(|wake| wake());
                }
            };
            LocalSet::new().block_on(&runtime, serve(questions, answer, tell));
        })?;
        Ok(Self { asks, answers })
    }

    /// Asks; false when too much is under way.
    pub(in crate::sources) fn ask(&self, question: Q) -> bool {
        self.asks.try_send(question).is_ok()
    }

    /// An answer that has come.
    pub(in crate::sources) fn answer(&self) -> Option<A> {
        self.answers.try_recv().ok()
    }
}

async fn serve<Q, A, F, T>(mut questions: asks::Receiver<Q>, answer: F, tell: impl Fn(A) + 'static)
where
    F: Fn(Q) -> T + 'static,
    T: Future<Output = A> + 'static,
    A: 'static,
{
    let tell = Rc::new(tell);
    while let Some(question) = questions.recv().await {
        let (answer, tell) = (answer(question), Rc::clone(&tell));
        tokio::task::spawn_local(async move { tell(answer.await) });
    }
}
