//! Seaography over the database that the reads are measured on: `nam-needs-seaography DATABASE_URL`. Prints its address once
//! it listens, and ends with its standard input.
//!
//! It makes its schema of the entities, which are those of the tables that are read; a pool of the same size, and no rights,
//! keys or limits.

mod entity;

use std::sync::LazyLock;

use async_graphql_axum::{GraphQLRequest, GraphQLResponse};
use axum::Router;
use axum::extract::State;
use axum::routing::post;
use axum::serve::ListenerExt;
use entity::{assistance_request, commodity, contribution, country, need_category, request_item};
use sea_orm::{ConnectOptions, Database, DatabaseConnection};
use seaography::async_graphql::dynamic::Schema;
use seaography::{Builder, BuilderContext};
use tokio::net::TcpListener;

static CONTEXT: LazyLock<BuilderContext> = LazyLock::new(BuilderContext::default);

fn schema(database: DatabaseConnection) -> Schema {
    let mut builder = Builder::new(&CONTEXT, database.clone());
    seaography::register_entities!(
        builder,
        [
            assistance_request,
            commodity,
            contribution,
            country,
            need_category,
            request_item,
        ]
    );
    builder.schema_builder().data(database).finish().expect("a schema")
}

async fn answer(State(schema): State<Schema>, request: GraphQLRequest) -> GraphQLResponse {
    schema.execute(request.into_inner()).await.into()
}

#[tokio::main]
async fn main() {
    let url = std::env::args().nth(1).expect("DATABASE_URL is given");
    let pool = std::env::var("POOL").map_or(8, |size| size.parse().expect("POOL is a number"));
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(pool)
        .sqlx_logging(false)
        .test_before_acquire(false);
    let database = Database::connect(options).await.expect("the database answers");
    let app = Router::new()
        .route("/graphql", post(answer))
        .with_state(schema(database));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    println!("{}", listener.local_addr().expect("an address"));
    std::thread::spawn(|| {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        std::process::exit(0);
    });
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    axum::serve(listener, app).await.expect("it serves");
}
