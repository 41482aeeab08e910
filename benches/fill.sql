-- Fills a migrated PostgreSQL database with made-up requests, items, contributions, deliveries, movements and ledger, for
-- measuring. Skewed as real ones are: few countries ask for much, few commodities are asked for often.
-- $REQUESTS is replaced by the number of requests; there are 3 items a request and about 5 contributions for 6 items.
-- Not for a database that anybody relies on: nothing here is anybody's real need.
SELECT setseed(0.42);
-- The database asks who writes.
SELECT set_config('nam.kind', 'import', true), set_config('nam.principal', 'system', true), set_config('nam.roles', 'ADMIN', true);

CREATE TEMP TABLE fill_country AS
    SELECT code, row_number() OVER (ORDER BY nam_status = 'MEMBER' DESC, code) - 1 AS n FROM country;
CREATE TEMP TABLE fill_commodity AS
    SELECT code, category_code, unit_code, indicative_unit_price_e4 AS price,
           row_number() OVER (ORDER BY indicative_unit_price_e4 IS NULL, code) - 1 AS n FROM commodity;
CREATE TEMP TABLE fill_organization AS
    SELECT code, row_number() OVER (ORDER BY code) - 1 AS n FROM organization;

-- A UUID that is ordered by time, as version 7 is.
CREATE FUNCTION pg_temp.uuid_at(at timestamptz, n bigint, kind int) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || lpad(to_hex(kind), 3, '0')
            || '8' || lpad(to_hex(n % 4096), 3, '0') || lpad(to_hex(n), 12, '0'))::uuid
$$;

CREATE TEMP TABLE fill_request AS
    SELECT n, pg_temp.uuid_at(at, n, 1) AS id, at, country,
           CASE WHEN dice < 0.82 THEN 'VERIFIED' WHEN dice < 0.92 THEN 'CLOSED' WHEN dice < 0.96 THEN 'SUBMITTED' ELSE 'DRAFT' END AS status,
           CASE WHEN urgency < 0.1 THEN 4 WHEN urgency < 0.35 THEN 3 WHEN urgency < 0.8 THEN 2 ELSE 1 END AS priority
      FROM (SELECT n, '2020-05-04'::timestamptz + (n::double precision / $REQUESTS) * interval '2300 days' AS at,
                   (SELECT code FROM fill_country c WHERE c.n = floor(195 * power(spread, 2.5))) AS country, dice, urgency
              FROM (SELECT n, random() AS spread, random() AS dice, random() AS urgency
                      FROM generate_series(1, $REQUESTS) n) drawn) placed;

INSERT INTO assistance_request (id, reference, country_code, title, title_folded, description, text_folded, words_folded, language,
        priority, status, people_in_need, needed_by, confirmed_at, created_by, submitted_by, version, created_at, updated_at,
        submitted_at, verified_at, closed_at)
    SELECT id, country || '-' || extract(year FROM at) || '-' || lpad((1000000 + n)::text, 7, '0'), country,
           'Needs of district ' || n % 700 || ', lot ' || n, 'needs of district ' || n % 700 || ', lot ' || n,
           'Made up for measuring.', 'needs of district ' || n % 700 || ', lot ' || n || E'\nmade up for measuring.',
           'district for lot made measuring needs of up ' || n % 700 || ' ' || n, 'EN',
           priority, status, (n * 37) % 90000, (at + interval '60 days')::date, at, 'system',
           CASE WHEN status <> 'DRAFT' THEN 'system' END, 1, at, at + (n % 40) * interval '1 day',
           CASE WHEN status <> 'DRAFT' THEN at END,
           CASE WHEN status IN ('VERIFIED', 'CLOSED') THEN at + interval '1 day' END,
           CASE WHEN status = 'CLOSED' THEN at + interval '90 days' END
      FROM fill_request;

CREATE TEMP TABLE fill_item AS
    SELECT i, pg_temp.uuid_at(r.at, r.n * 4 + i, 2) AS id, r.id AS request_id, r.status, (r.at + interval '1 day')::date AS verified_on,
           (r.at + interval '90 days')::date AS closed_on,
           c.code AS commodity, c.category_code AS category, c.unit_code AS unit, c.price,
           (1 + floor(power(random(), 4) * 20000))::bigint * 1000 AS base
      FROM fill_request r
      CROSS JOIN LATERAL (SELECT i, floor(120 * power(random(), 2)) AS pick FROM generate_series(0, 2) i WHERE r.n IS NOT NULL) p
      JOIN fill_commodity c ON c.n = p.pick;

-- At most two contributions an item, neither more than 0.45 of what is needed, so that nothing is over-committed.
CREATE TEMP TABLE fill_contribution AS
    SELECT pg_temp.uuid_at(now(), row_number() OVER (), 3) AS id, item.id AS item_id, item.request_id, o.code AS organization, kind AS status,
           greatest(1, floor(item.base * share))::bigint AS quantity, item.verified_on AS began
      FROM (SELECT item.*, n, random() AS there, 0.05 + 0.4 * random() AS share, random() AS dice, floor(55 * power(random(), 2)) AS who
              FROM fill_item item CROSS JOIN generate_series(1, 2) n WHERE status IN ('VERIFIED', 'CLOSED')) item
      CROSS JOIN LATERAL (SELECT CASE WHEN item.status = 'CLOSED' THEN CASE WHEN dice < 0.8 THEN 'DELIVERED' ELSE 'CANCELLED' END
                                      WHEN dice < 0.2 THEN 'PLEDGED' WHEN dice < 0.45 THEN 'COMMITTED' WHEN dice < 0.6 THEN 'IN_TRANSIT'
                                      WHEN dice < 0.95 THEN 'DELIVERED' ELSE 'CANCELLED' END AS kind) k
      JOIN fill_organization o ON o.n = item.who
     WHERE there < 0.453;

CREATE TEMP TABLE fill_figures AS
    SELECT item.id,
           coalesce(sum(c.quantity) FILTER (WHERE c.status = 'PLEDGED'), 0)::bigint AS pledged,
           coalesce(sum(c.quantity) FILTER (WHERE c.status = 'COMMITTED'), 0)::bigint AS committed,
           coalesce(sum(c.quantity) FILTER (WHERE c.status = 'IN_TRANSIT'), 0)::bigint AS in_transit,
           coalesce(sum(c.quantity) FILTER (WHERE c.status = 'DELIVERED'), 0)::bigint AS delivered
      FROM fill_item item LEFT JOIN fill_contribution c ON c.item_id = item.id GROUP BY item.id;

INSERT INTO request_item (id, request_id, position, kind, category_code, commodity_code, unit_code, quantity_milli, approved_milli,
        unit_cost_e4, pledged_milli, committed_milli, in_transit_milli, delivered_milli, uncovered_milli, unmet_milli, uncovered_value_e7)
    SELECT item.id, request_id, i, 'GOODS', category, commodity, unit, base,
           CASE WHEN status IN ('VERIFIED', 'CLOSED') THEN base END, price, pledged, committed, in_transit, delivered, uncovered,
           CASE WHEN status = 'CLOSED' THEN 0 ELSE base - delivered END, uncovered * price
      FROM (SELECT item.*, f.pledged, f.committed, f.in_transit, f.delivered,
                   CASE WHEN status = 'CLOSED' THEN 0 ELSE base - f.committed - f.in_transit - f.delivered END AS uncovered
              FROM fill_item item JOIN fill_figures f ON f.id = item.id) item;

INSERT INTO contribution (id, request_id, item_id, organization_code, status, quantity_milli, accepted_milli, rejected_milli, expected_on,
        pledged_on, committed_on, shipped_on, delivered_on, cancelled_on, created_by, version, created_at, updated_at)
    SELECT id, request_id, item_id, organization, status, quantity, CASE WHEN status = 'DELIVERED' THEN quantity ELSE 0 END, 0, began + 50,
           began + 5, CASE WHEN status IN ('COMMITTED', 'IN_TRANSIT', 'DELIVERED') THEN began + 10 END,
           CASE WHEN status IN ('IN_TRANSIT', 'DELIVERED') THEN began + 20 END, CASE WHEN status = 'DELIVERED' THEN began + 40 END,
           CASE WHEN status = 'CANCELLED' THEN began + 12 END, 'system', 1, began + 5, began + 40
      FROM fill_contribution;

INSERT INTO delivery (id, contribution_id, delivered_on, accepted_milli, rejected_milli, voided, created_at)
    SELECT pg_temp.uuid_at(now(), row_number() OVER (), 4), id, began + 40, quantity, 0, false, began + 40
      FROM fill_contribution WHERE status = 'DELIVERED';

INSERT INTO movement (id, item_id, contribution_id, happened_on, recorded_at, requested_milli, pledged_milli, committed_milli,
        in_transit_milli, delivered_milli, uncovered_milli, unmet_milli)
    SELECT pg_temp.uuid_at(now(), row_number() OVER (), 5), m.* FROM (
        SELECT id, NULL::uuid, verified_on, verified_on::timestamptz, base, 0::bigint, 0::bigint, 0::bigint, 0::bigint, base, base
          FROM fill_item WHERE status IN ('VERIFIED', 'CLOSED')
        UNION ALL SELECT item_id, id, began + 5, (began + 5)::timestamptz, 0, quantity, 0, 0, 0, 0, 0 FROM fill_contribution
        UNION ALL SELECT item_id, id, began + 12, (began + 12)::timestamptz, 0, -quantity, 0, 0, 0, 0, 0
          FROM fill_contribution WHERE status = 'CANCELLED'
        UNION ALL SELECT item_id, id, began + 10, (began + 10)::timestamptz, 0, -quantity, quantity, 0, 0, -quantity, 0
          FROM fill_contribution WHERE status IN ('COMMITTED', 'IN_TRANSIT', 'DELIVERED')
        UNION ALL SELECT item_id, id, began + 20, (began + 20)::timestamptz, 0, 0, -quantity, quantity, 0, 0, 0
          FROM fill_contribution WHERE status IN ('IN_TRANSIT', 'DELIVERED')
        UNION ALL SELECT item_id, id, began + 40, (began + 40)::timestamptz, 0, 0, 0, -quantity, quantity, 0, -quantity
          FROM fill_contribution WHERE status = 'DELIVERED'
        UNION ALL SELECT i.id, NULL, closed_on, closed_on::timestamptz, 0, 0, 0, 0, 0, -(base - f.delivered), -(base - f.delivered)
          FROM fill_item i JOIN fill_figures f ON f.id = i.id WHERE i.status = 'CLOSED' AND base > f.delivered) m;

INSERT INTO request_history (id, request_id, happened_on, recorded_at, status, priority, people_in_need)
    SELECT pg_temp.uuid_at(now(), row_number() OVER (), 6), h.* FROM (
        SELECT id, (at + interval '1 day')::date, at + interval '1 day', 'VERIFIED', priority::smallint, ((n * 37) % 90000)::int
          FROM fill_request WHERE status IN ('VERIFIED', 'CLOSED')
        UNION ALL SELECT id, (at + interval '90 days')::date, at + interval '90 days', 'CLOSED', priority::smallint, ((n * 37) % 90000)::int
          FROM fill_request WHERE status = 'CLOSED') h;

-- The ledger: one change that made each object as it stands. What a change protects is written as `domain::change` does.
CREATE FUNCTION pg_temp.part(value text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN value IS NULL THEN '-,' ELSE octet_length(value) || ':' || value || ',' END
$$;
CREATE FUNCTION pg_temp.units(milli bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT trim_scale(milli / 1000::numeric)::text $$;
CREATE FUNCTION pg_temp.moment(at timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
$$;
CREATE FUNCTION pg_temp.seen(status text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN status IN ('VERIFIED', 'CLOSED') THEN 'PUBLIC' WHEN status = 'SUBMITTED' THEN 'SUBMITTED' ELSE 'DRAFT' END
$$;

CREATE TEMP TABLE fill_change AS
    SELECT r.created_at AS at, 0 AS rank, 'assistanceRequest.created' AS action, 'AssistanceRequest' AS kind, r.id::text AS key,
           r.country_code AS country, NULL::text AS organization, r.id AS request, pg_temp.seen(r.status) AS seen,
           json_build_array(
               json_build_array('reference', NULL, r.reference), json_build_array('country', NULL, r.country_code),
               json_build_array('title', NULL, r.title), json_build_array('description', NULL, r.description),
               json_build_array('language', NULL, r.language),
               json_build_array('priority', NULL, (ARRAY['LOW', 'MEDIUM', 'HIGH', 'CRITICAL'])[r.priority]),
               json_build_array('status', NULL, r.status), json_build_array('peopleInNeed', NULL, r.people_in_need),
               json_build_array('neededBy', NULL, r.needed_by), json_build_array('confirmedAt', NULL, pg_temp.moment(r.confirmed_at)),
               json_build_array('version', NULL, r.version), json_build_array('createdAt', NULL, pg_temp.moment(r.created_at)),
               json_build_array('updatedAt', NULL, pg_temp.moment(r.updated_at)),
               json_build_array('submittedAt', NULL, pg_temp.moment(r.submitted_at)),
               json_build_array('verifiedAt', NULL, pg_temp.moment(r.verified_at)),
               json_build_array('closedAt', NULL, pg_temp.moment(r.closed_at)))::text AS diff
      FROM assistance_request r JOIN fill_request f ON f.id = r.id
    UNION ALL
    SELECT r.created_at, 1, 'requestItem.created', 'RequestItem', i.id::text, r.country_code, NULL, r.id, pg_temp.seen(r.status),
           json_build_array(
               json_build_array('request', NULL, r.id), json_build_array('position', NULL, i.position), json_build_array('kind', NULL, i.kind),
               json_build_array('category', NULL, i.category_code), json_build_array('commodity', NULL, i.commodity_code),
               json_build_array('unit', NULL, i.unit_code), json_build_array('quantity', NULL, pg_temp.units(i.quantity_milli)),
               json_build_array('approvedQuantity', NULL, pg_temp.units(i.approved_milli)),
               json_build_array('unitCostUsd', NULL, trim_scale(i.unit_cost_e4 / 10000::numeric)::text),
               json_build_array('pledgedQuantity', NULL, pg_temp.units(i.pledged_milli)),
               json_build_array('committedQuantity', NULL, pg_temp.units(i.committed_milli)),
               json_build_array('inTransitQuantity', NULL, pg_temp.units(i.in_transit_milli)),
               json_build_array('deliveredQuantity', NULL, pg_temp.units(i.delivered_milli)),
               json_build_array('uncoveredQuantity', NULL, pg_temp.units(i.uncovered_milli)),
               json_build_array('unmetQuantity', NULL, pg_temp.units(i.unmet_milli)))::text
      FROM request_item i JOIN fill_item f ON f.id = i.id JOIN assistance_request r ON r.id = i.request_id
    UNION ALL
    SELECT c.created_at, 2, 'contribution.created', 'Contribution', c.id::text, r.country_code, c.organization_code, r.id, 'PUBLIC',
           json_build_array(
               json_build_array('request', NULL, r.id), json_build_array('item', NULL, c.item_id),
               json_build_array('organization', NULL, c.organization_code), json_build_array('status', NULL, c.status),
               json_build_array('quantity', NULL, pg_temp.units(c.quantity_milli)),
               json_build_array('deliveredQuantity', NULL, pg_temp.units(c.accepted_milli)),
               json_build_array('rejectedQuantity', NULL, pg_temp.units(c.rejected_milli)),
               json_build_array('expectedOn', NULL, c.expected_on), json_build_array('pledgedOn', NULL, c.pledged_on),
               json_build_array('committedOn', NULL, c.committed_on), json_build_array('shippedOn', NULL, c.shipped_on),
               json_build_array('deliveredOn', NULL, c.delivered_on), json_build_array('cancelledOn', NULL, c.cancelled_on),
               json_build_array('version', NULL, c.version), json_build_array('createdAt', NULL, pg_temp.moment(c.created_at)),
               json_build_array('updatedAt', NULL, pg_temp.moment(c.updated_at)))::text
      FROM contribution c JOIN fill_contribution f ON f.id = c.id JOIN assistance_request r ON r.id = c.request_id
    UNION ALL
    SELECT d.created_at, 3, 'delivery.created', 'Delivery', d.id::text, r.country_code, c.organization_code, r.id, 'PUBLIC',
           json_build_array(
               json_build_array('contribution', NULL, c.id), json_build_array('on', NULL, d.delivered_on),
               json_build_array('acceptedQuantity', NULL, pg_temp.units(d.accepted_milli)),
               json_build_array('rejectedQuantity', NULL, pg_temp.units(d.rejected_milli)),
               json_build_array('voided', NULL, d.voided), json_build_array('createdAt', NULL, pg_temp.moment(d.created_at)))::text
      FROM delivery d JOIN fill_contribution f ON f.id = d.contribution_id JOIN contribution c ON c.id = d.contribution_id
      JOIN assistance_request r ON r.id = c.request_id;

INSERT INTO change (ticket, ordinal, at, actor, action, subject_type, subject_key, country_code, organization_code, request_id,
        seen_before, seen_after, diff, digest)
    SELECT nextval('change_ticket'), 0, at, 'system', action, kind, key, country, organization, request, 'NOBODY', seen, diff,
           sha256(convert_to(
               pg_temp.part('0') || pg_temp.part((extract(epoch FROM at) * 1000000)::bigint::text) || pg_temp.part('system')
               || pg_temp.part(action) || pg_temp.part(kind) || pg_temp.part(key) || pg_temp.part(country) || pg_temp.part(organization)
               || pg_temp.part(request::text) || pg_temp.part('NOBODY') || pg_temp.part(seen) || pg_temp.part(diff)
               || pg_temp.part(NULL), 'UTF8'))
      FROM (SELECT * FROM fill_change ORDER BY rank, at, key) ordered;
SELECT change_number(now());

SELECT setval('assistance_request_reference', 2000000 + $REQUESTS);
ANALYZE;
