//! Serves an axum router on a free port, for as long as the process lives.

use std::net::{Ipv4Addr, TcpListener};
use std::thread;

use axum::Router;

/// Starts it, and gives its port.
pub(crate) fn serve(app: Router) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.set_nonblocking(true).expect("a socket can");
    let port = listener.local_addr().expect("it is bound").port();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).expect("a socket");
            axum::serve(listener, app)
                .await
                .expect("it serves for ever");
        });
    });
    port
}
