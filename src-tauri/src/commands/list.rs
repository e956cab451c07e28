// Every command of the window. The handlers, the page's TypeScript types and the names that the page may call at all
// (build.rs) are made from this one list. An argument's name in camelCase is its name on the page.
commands! {
    app::app_info() -> AppInfo;
    reference::explain_reference(input: String) -> Explanation;
    registry::list_registries() -> Vec<RegistryEntry>;
    registry::ping_registry(host: String) -> Ping;
    registry::practice_shelf() -> PracticeShelf;
    explorer::list_catalog(host: String, after: Option<String>) -> CatalogPage;
    explorer::open_repository(input: String) -> RepositoryHead;
    explorer::watch_repository(id: u64, on_update: Stream<RepositoryHead>) -> ();
    explorer::query_tags(query: TagQuery) -> TagRows;
    explorer::describe_tags(id: u64, tags: Vec<String>) -> Vec<TagRow>;
    explorer::close_repository(id: u64) -> ();
    explorer::rate_limit(host: String) -> Option<RateLimit>;
    delete::plan_delete(repository: String, tags: Vec<String>) -> DeletePlan;
    delete::delete_tags(request: DeleteRequest) -> DeleteReport;
    referrer::list_referrers(input: String, from: LookIn) -> ReferrerList;
    account::sign_in_form(host: String) -> SignInForm;
    account::test_sign_in(request: SignInRequest) -> SignInTest;
    account::sign_in(request: SignInRequest) -> SignedIn;
    account::sign_out(host: String) -> SignedOut;
    account::credential_trail(host: String) -> CredentialTrail;
    network::read_network() -> NetworkSettings;
    network::write_host(settings: HostSettings) -> NetworkSettings;
    network::write_proxy(proxy: ProxySettings) -> NetworkSettings;
    network::trust_realm(host: String, trusted: bool) -> NetworkSettings;
    network::read_certificates(host: String) -> CertificateChain;
    network::trust_certificate(host: String, sha256: String) -> ();
    store::list_images() -> Vec<LocalImage>;
    image::inspect_image(input: String, from: LookIn, platform: Option<String>) -> ImageDetail;
    store::remove_images(references: Vec<String>) -> RemoveReport;
    store::collect_garbage(dry_run: bool) -> GarbageReport;
    transfer::start_pull(request: PullRequest) -> u64;
    transfer::list_jobs() -> Vec<JobHead>;
    transfer::watch_job(id: u64, on_update: Stream<JobUpdate>) -> JobOutcome;
    transfer::pause_job(id: u64) -> ();
    transfer::resume_job(id: u64) -> ();
    transfer::cancel_job(id: u64) -> ();
    transfer::dismiss_job(id: u64) -> ();
    exchange::list_exchanges(after: u64) -> Vec<ExchangeHead>;
    exchange::read_exchange(id: u64) -> ExchangeDetail;
    exchange::watch_exchanges(on_exchanges: Stream<Vec<ExchangeHead>>) -> ();
    store::hash_document(reference: String, digest: String) -> HashReport;
    settings::read_settings() -> Settings;
    settings::write_settings(settings: Settings) -> ();
}
