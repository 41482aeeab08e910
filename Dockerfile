# syntax=docker/dockerfile:1

FROM rust:1.95-slim-bookworm AS build
WORKDIR /src
COPY . .
# The caches outlive the layer, so a change of ours doesn't build the dependencies anew; the binary must leave them.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --bin nam-needs && cp target/release/nam-needs /usr/local/bin/

# Migrations, reference data and the explorer are inside the binary, and so are the certificate authorities.
FROM debian:bookworm-slim
COPY --from=build /usr/local/bin/nam-needs /usr/local/bin/
COPY --chmod=755 deploy/healthcheck /usr/local/bin/
# Where the default database, a SQLite file, is made.
RUN install -d -o 10001 -g 10001 /data
VOLUME /data
WORKDIR /data
USER 10001:10001
ENV BIND=0.0.0.0:8000
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD ["healthcheck"]
ENTRYPOINT ["nam-needs"]
CMD ["serve"]
