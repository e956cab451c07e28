//! The threads on which the engine works: behind the window's own in the queue for a processor.
//!
//! A pull at full speed hashes and writes on every core. The page, which is drawn on the same cores where there is no
//! graphics card, stood still meanwhile; at a lower priority the engine loses nothing where cores are free.

/// Where the engine's threads stand, as nice(1) counts it; the window's are at 0.
const NICE: i32 = 10;

/// Makes the runtime that Tauri and the engine share. Call it before anything is spawned.
///
/// # Panics
/// Where the system gives no threads.
pub fn start() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .thread_name("engine")
        .on_thread_start(stand_back)
        .enable_all()
        .build()
        .expect("the system has threads to give");
    tauri::async_runtime::set(runtime.handle().clone());
    // It serves until the process ends: to drop it would wait for what still runs.
    std::mem::forget(runtime);
}

/// On Linux a priority is a thread's own; elsewhere it would be the whole process's, the window included.
fn stand_back() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(None, NICE);
    #[cfg(not(target_os = "linux"))]
    let _ = NICE;
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_engines_threads_stand_back_and_no_other() {
        start();
        let nice = || rustix::process::getpriority_process(None).expect("a thread has a priority");
        let before = nice();
        let (worker, blocking) = tauri::async_runtime::block_on(async move {
            let worker = tokio::spawn(async move { nice() }).await.expect("it ends");
            let blocking = tokio::task::spawn_blocking(nice).await.expect("it ends");
            (worker, blocking)
        });
        assert_eq!((worker, blocking), (NICE, NICE));
        assert_eq!(nice(), before, "the window's thread keeps its own");
    }
}
