//! The desk behind HTTP: which address does what. Every call of the desk may wait for a disk, a queue
//! or a model, so each runs on a thread that may wait.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use axum::Json;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Form, Multipart, Path, Query, RawQuery, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderName, StatusCode};
use axum::middleware;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::runtime::Builder;

use super::access::{Access, guard};
use super::desk::{Desk, Photos, Preview};
use super::edits::{EDITS_MAX, Edit};
use super::filter::{Filter, PAGE_ROWS};
use super::pages::{self, Looked, Shell};
use super::upload::Upload;
use super::{DeskError, pages::assets};
use crate::case::{SELFIES_MAX, SampleRole};
use crate::imaging::{Format, sniff};
use crate::policy::Decision;
use crate::queue::utc_text;
use crate::status::ReviewDecision;

/// Threads that take requests; the work is done by those that may wait.
const HTTP_THREADS: usize = 2;

/// Threads that may wait: as many requests as are worked on at once.
const WORK_THREADS_MAX: usize = 8;

/// How often it is looked whether the desk is to end.
const STOP_LOOK: Duration = Duration::from_millis(100);

/// How long requests may go on once the desk is to end.
const STOP_WITHIN: Duration = Duration::from_secs(2);

/// Bytes of a request that is no photo.
const FORM_BYTES_MAX: usize = 256 << 10;

/// Lines of the audit log on its page.
const AUDIT_SHOWN: usize = 500;

/// What every request sees.
#[derive(Clone)]
pub(super) struct App {
    desk: Arc<Desk>,
    pub(super) access: Arc<Access>,
    uploads: Arc<AtomicU64>,
}

/// A desk that takes requests.
#[derive(Debug, Clone)]
pub struct Served {
    /// Where it is.
    pub address: SocketAddr,
    /// The address that lets a browser in.
    pub url: String,
}

/// Serves a desk on 127.0.0.1 until `stop` is set; port 0 is any that is free. `ready` is told where
/// it is.
///
/// # Errors
/// The port is taken, or no thread or secret can be had.
pub fn serve(desk: Arc<Desk>, port: u16, stop: &AtomicBool, ready: impl FnOnce(&Served)) -> io::Result<()> {
    let runtime = Builder::new_multi_thread()
        .worker_threads(HTTP_THREADS)
        .max_blocking_threads(WORK_THREADS_MAX)
        .thread_name("review")
        .enable_all()
        .build()?;
    let served = runtime.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let address = listener.local_addr()?;
        let access = Arc::new(Access::new(address.port())?);
        let url = access.url();
        let app = App { desk: Arc::clone(&desk), access, uploads: Arc::default() };
        ready(&Served { address, url });
        let server = axum::serve(listener, router(app));
        tokio::select! {
            served = async { server.await } => served,
            () = stopped(stop) => Ok(()),
        }
    });
    desk.stop();
    runtime.shutdown_timeout(STOP_WITHIN);
    served
}

async fn stopped(stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        tokio::time::sleep(STOP_LOOK).await;
    }
}

fn router(app: App) -> Router {
    let photo_bytes_max = usize::try_from(app.desk.photo_bytes_max()).unwrap_or(usize::MAX);
    let case_bytes_max = photo_bytes_max.saturating_mul(SELFIES_MAX + 2).saturating_add(FORM_BYTES_MAX);
    let new_case = post(make_case).layer(DefaultBodyLimit::max(case_bytes_max)).get(new_page);
    Router::new()
        .route("/", get(list))
        .route("/rows", get(rows))
        .route("/case/{number}", get(case))
        .route("/case/{number}/verdict.json", get(verdict))
        .route("/case/{number}/photo/{role}", get(photo))
        .route("/case/{number}/unmask", post(unmask))
        .route("/case/{number}/mask", post(mask))
        .route("/case/{number}/rerun", post(rerun))
        .route("/case/{number}/decide", post(decide))
        .route("/compare", get(compare))
        .route("/policy", get(policy))
        .route("/policy/preview", post(preview))
        .route("/policy/save", post(save_policy))
        .route("/measure", post(measure))
        .route("/progress", get(progress))
        .route("/audit", get(audit))
        .route("/new", new_case)
        .route("/assets/{name}", get(asset))
        .fallback(|| async { failure(&DeskError::NotFound) })
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
        .layer(middleware::from_fn_with_state(app.clone(), guard))
        .with_state(app)
}

/// Does what may wait on a thread that may.
async fn waited<T: Send + 'static>(
    app: &App,
    work: impl FnOnce(&Desk) -> Result<T, DeskError> + Send + 'static,
) -> Result<T, Response> {
    let desk = Arc::clone(&app.desk);
    match tokio::task::spawn_blocking(move || work(&desk)).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(failure(&error)),
        Err(_) => Err(failure(&DeskError::Check("the program ran into a mistake of its own".to_owned()))),
    }
}

fn failure(error: &DeskError) -> Response {
    let status = match error {
        DeskError::NotFound => StatusCode::NOT_FOUND,
        DeskError::Refused(_) => StatusCode::UNPROCESSABLE_ENTITY,
        DeskError::Gone(_) => StatusCode::GONE,
        DeskError::Limit(_) => StatusCode::INSUFFICIENT_STORAGE,
        DeskError::Queue(_) => StatusCode::CONFLICT,
        DeskError::Photos(_) | DeskError::Check(_) | DeskError::Audit(_) | DeskError::Io(_) => {
            StatusCode::INTERNAL_SERVER_ERROR
        }
    };
    (status, Html(pages::failure(&error.to_string()))).into_response()
}

type Answer = Result<Response, Response>;
type Pairs = Query<BTreeMap<String, String>>;

fn shell(app: &App) -> Shell<'_> {
    Shell { form_secret: app.access.form_secret(), reviewer: app.desk.reviewer() }
}

async fn list(State(app): State<App>, Query(query): Pairs) -> Answer {
    let filter = Filter::from_query(&query);
    let page = waited(&app, move |desk| {
        desk.refresh()?;
        let (rows, total) = desk.listed(&filter, PAGE_ROWS);
        Ok(pages::Listed { rows, total, codes: desk.codes(), progress: desk.progress(), filter })
    });
    let listed = page.await?;
    Ok(Html(pages::list(&shell(&app), &listed)).into_response())
}

/// The table alone, for a filter that is being typed.
async fn rows(State(app): State<App>, Query(query): Pairs) -> Answer {
    let filter = Filter::from_query(&query);
    let page = waited(&app, move |desk| {
        let (rows, total) = desk.listed(&filter, PAGE_ROWS);
        Ok(pages::rows(&rows, total, &filter).into_string())
    });
    Ok(Html(page.await?).into_response())
}

async fn case(State(app): State<App>, Path(number): Path<usize>, Query(query): Pairs) -> Answer {
    let filter = Filter::from_query(&query);
    let photos = photos_in(&query);
    let page = waited(&app, move |desk| {
        desk.refresh()?;
        let view = desk.view(number)?;
        let sections = desk.sections(&view, photos)?;
        // That somebody looked is in the log by now, and on the page.
        let view = if photos == Photos::Shown { desk.view(number)? } else { view };
        let neighbours = desk.neighbours(&filter, number);
        Ok((view, sections, neighbours, desk.sliders(), filter))
    });
    let (view, sections, neighbours, sliders, filter) = page.await?;
    let looked = Looked {
        view: &view,
        sections: sections.as_deref(),
        neighbours,
        sliders: &sliders,
        filter: &filter,
        photos,
    };
    Ok(Html(pages::case(&shell(&app), &looked)).into_response())
}

async fn verdict(State(app): State<App>, Path(number): Path<usize>) -> Answer {
    let document = waited(&app, move |desk| desk.document(number)).await?;
    Ok(Json(document).into_response())
}

/// A photo, as a picture and nothing else: the browser runs and loads nothing of it.
async fn photo(State(app): State<App>, Path((number, role)): Path<(usize, String)>) -> Answer {
    let role = SampleRole::parse(&role).ok_or_else(|| failure(&DeskError::NotFound))?;
    let sample = waited(&app, move |desk| desk.photo(number, role)).await?;
    let kind = match sniff(&sample.bytes) {
        Ok(Format::Jpeg) => "image/jpeg",
        Ok(Format::Png) => "image/png",
        Ok(Format::WebP) => "image/webp",
        Ok(Format::Bmp) => "image/bmp",
        Err(_) => return Err(failure(&DeskError::Refused("not a picture that is shown".to_owned()))),
    };
    let headers = [(CONTENT_TYPE, kind), (CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox")];
    Ok((headers, sample.bytes).into_response())
}

/// Whether the page is to show photos.
fn photos_in(query: &BTreeMap<String, String>) -> Photos {
    if query.get("look").is_some_and(|look| look == "1") { Photos::Shown } else { Photos::LeftOut }
}

fn back_to(number: usize, query: &BTreeMap<String, String>) -> Response {
    let filter = Filter::from_query(query);
    let mut pairs = vec![filter.query(filter.page)];
    pairs.extend((photos_in(query) == Photos::Shown).then(|| "look=1".to_owned()));
    let query = pairs.into_iter().filter(|pair| !pair.is_empty()).collect::<Vec<_>>().join("&");
    let address =
        if query.is_empty() { format!("/case/{number}") } else { format!("/case/{number}?{query}") };
    Redirect::to(&address).into_response()
}

async fn unmask(State(app): State<App>, Path(number): Path<usize>, Query(query): Pairs) -> Answer {
    waited(&app, move |desk| desk.unmask(number)).await?;
    Ok(back_to(number, &query))
}

async fn mask(State(app): State<App>, Path(number): Path<usize>, Query(query): Pairs) -> Answer {
    app.desk.mask(number);
    Ok(back_to(number, &query))
}

async fn rerun(State(app): State<App>, Path(number): Path<usize>, Query(query): Pairs) -> Answer {
    waited(&app, move |desk| desk.rerun(number)).await?;
    Ok(back_to(number, &query))
}

#[derive(Deserialize)]
struct DecideForm {
    decision: String,
    #[serde(default)]
    note: String,
}

async fn decide(
    State(app): State<App>,
    Path(number): Path<usize>,
    Query(query): Pairs,
    Form(form): Form<DecideForm>,
) -> Answer {
    let decision = ReviewDecision::parse(&form.decision);
    let decision =
        decision.ok_or_else(|| failure(&DeskError::Refused("approve, reject or retake".to_owned())))?;
    waited(&app, move |desk| desk.decide(number, decision, &form.note)).await?;
    Ok(back_to(number, &query))
}

async fn compare(State(app): State<App>, RawQuery(query): RawQuery) -> Answer {
    // Two boxes of one name, as the list's form sends them.
    let pairs = query.as_deref().unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
    let numbers: Vec<usize> =
        pairs.filter(|(name, _)| *name == "case").filter_map(|(_, text)| text.parse().ok()).collect();
    let [a, b] = numbers[..] else {
        return Err(failure(&DeskError::Refused("choose two cases to compare".to_owned())));
    };
    let (a, b) = waited(&app, move |desk| Ok((desk.view(a)?, desk.view(b)?))).await?;
    Ok(Html(pages::compare(&shell(&app), &a, &b)).into_response())
}

async fn policy(State(app): State<App>, Query(query): Pairs) -> Answer {
    let filter = Filter::from_query(&query);
    let case = query.get("case").and_then(|case| case.parse().ok());
    let (sliders, total, filter) =
        waited(&app, move |desk| Ok((desk.sliders(), desk.listed(&filter, 0).1, filter))).await?;
    Ok(Html(pages::policy(&shell(&app), app.desk.policy(), &sliders, total, &filter, case)).into_response())
}

#[derive(Deserialize)]
struct PreviewForm {
    edits: Vec<Edit>,
    #[serde(default)]
    filter: BTreeMap<String, String>,
    #[serde(default)]
    case: Option<usize>,
}

async fn preview(State(app): State<App>, Json(form): Json<PreviewForm>) -> Response {
    if form.edits.len() > EDITS_MAX {
        return failure(&DeskError::Refused(format!("at most {EDITS_MAX} edits")));
    }
    let filter = Filter::from_query(&form.filter);
    let desk = Arc::clone(&app.desk);
    let work = move || desk.preview(&form.edits, &filter, form.case);
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(preview)) => Json(preview_json(&preview)).into_response(),
        // The number cannot be so: the page says it beside the slider.
        Ok(Err(error)) => Json(json!({"refused": error.to_string()})).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn preview_json(preview: &Preview) -> Value {
    let this = preview.this.as_ref().map(|(before, after)| {
        let codes: Vec<&str> = after.findings.iter().map(|finding| finding.code.id()).collect();
        json!({"before": before.decision.id(), "after": after.decision.id(), "codes": codes})
    });
    let all = [Decision::Pass, Decision::Fail, Decision::Review];
    let moves = all.into_iter().flat_map(|from| all.map(|to| (from, to)));
    let moves = moves.filter(|(from, to)| from != to && preview.flips.moved(*from, *to) > 0);
    let moves: Vec<Value> = moves
        .map(|(from, to)| json!({"from": from.id(), "to": to.id(), "cases": preview.flips.moved(from, to)}))
        .collect();
    let flipped = preview.flipped.iter().map(|(row, after)| {
        json!({"number": row.number, "case_id": row.case_id,
               "before": row.decision.map(Decision::id), "after": after.id()})
    });
    json!({
        "policy": preview.policy.sha256(),
        "this": this,
        "cases": preview.flips.cases,
        "unmeasured": preview.unmeasured,
        "flipped": preview.flips.flipped,
        "moves": moves,
        "flipped_cases": flipped.collect::<Vec<_>>(),
    })
}

#[derive(Deserialize)]
struct SaveForm {
    name: String,
    edits: String,
}

async fn save_policy(State(app): State<App>, Form(form): Form<SaveForm>) -> Answer {
    let edits: Vec<Edit> = serde_json::from_str(&form.edits)
        .map_err(|_| failure(&DeskError::Refused("move a slider first".to_owned())))?;
    let path = waited(&app, move |desk| desk.save_policy(&form.name, &edits)).await?;
    Ok(Html(pages::saved(&shell(&app), &path.display().to_string())).into_response())
}

/// Begins to measure what was never measured; the page asks how far it is.
async fn measure(State(app): State<App>) -> Answer {
    let numbers = waited(&app, Desk::begin_measuring).await?;
    let desk = Arc::clone(&app.desk);
    tokio::task::spawn_blocking(move || desk.measure_each(&numbers));
    Ok(Redirect::to("/").into_response())
}

async fn progress(State(app): State<App>) -> Json<Value> {
    let (measured, of, unmeasured) = app.desk.progress();
    Json(json!({"measured": measured, "of": of, "unmeasured": unmeasured}))
}

async fn audit(State(app): State<App>) -> Answer {
    let lines = waited(&app, |desk| Ok(desk.audit(AUDIT_SHOWN))).await?;
    Ok(Html(pages::audit(&shell(&app), &lines)).into_response())
}

async fn new_page(State(app): State<App>) -> Response {
    Html(pages::new_case(&shell(&app))).into_response()
}

async fn make_case(State(app): State<App>, mut form: Multipart) -> Answer {
    let damaged = |_| failure(&DeskError::Refused("the photos did not arrive whole".to_owned()));
    let bytes_max = app.desk.photo_bytes_max();
    let mut upload = Upload::default();
    while let Some(mut field) = form.next_field().await.map_err(damaged)? {
        let name = field.name().unwrap_or_default().to_owned();
        let is_photo = matches!(name.as_str(), "front" | "back" | "selfies");
        if is_photo && upload.photos.len() > 2 * SELFIES_MAX {
            return Err(failure(&DeskError::Refused("too many photos".to_owned())));
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = field.chunk().await.map_err(damaged)? {
            let max = if is_photo { bytes_max } else { FORM_BYTES_MAX as u64 };
            if (bytes.len() + chunk.len()) as u64 > max {
                return Err(failure(&DeskError::Refused(format!("a photo has more than {bytes_max} bytes"))));
            }
            bytes.extend_from_slice(&chunk);
        }
        let text = || String::from_utf8_lossy(&bytes).trim().to_owned();
        match name.as_str() {
            "case_id" => upload.case_id = text(),
            "name" => upload.name = text(),
            "id_number" => upload.id_number = text(),
            "decided_on" => upload.decided_on = text(),
            "front" | "back" | "selfies" => upload.photos.push((name, bytes)),
            _ => {}
        }
    }
    let count = app.uploads.fetch_add(1, Ordering::Relaxed) + 1;
    let unnamed = move || {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let at = utc_text(since.as_secs() * 1000).replace([':', 'Z'], "");
        format!("new-{at}-{count}")
    };
    let number = waited(&app, move |desk| desk.new_case(&upload.into_case(unnamed)?)).await?;
    Ok(Redirect::to(&format!("/case/{number}")).into_response())
}

async fn asset(Path(name): Path<String>) -> Answer {
    let (kind, text) = assets(&name).ok_or_else(|| failure(&DeskError::NotFound))?;
    let headers: [(HeaderName, &str); 2] = [(CONTENT_TYPE, kind), (CACHE_CONTROL, "no-cache")];
    Ok((headers, text).into_response())
}
