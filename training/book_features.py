"""Features of the synthetic book from the files of `riskgraph portfolio write`, each as it could be known at its observation.

Instants are UTC milliseconds, days are whole numbers in the book's zone, customers are numbered by their id. A row is known from its
`ingested_at`, else from its event time; of several versions the newest that was known counts.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

DAY = 86_400_000
STEPS = 24
TIMESTAMP = pa.timestamp("ms", "UTC")
REPORT_VALUES = ["bureau_score", "inquiries_90d", "open_accounts", "overdue_accounts_24m", "multi_lender_count", "lenders_7d", "lenders_30d", "hit"]

TEXT, FLAG, NUMBER = pa.string(), pa.int64(), pa.float64()
SCHEMAS = {
    "customers": {
        **{name: TEXT for name in ["birth_date", "gender", "education", "marital_status", "province", "occupation"]},
        **{name: TEXT for name in ["monthly_income", "id_region", "phone_region", "channel"]},
        "registered_at": TIMESTAMP,
    },
    "applications": {
        **{name: TEXT for name in ["application_id", "kind", "product", "channel", "amount", "purpose", "decision"]},
        **{"term_months": FLAG, "applied_at": TIMESTAMP, "decided_at": TIMESTAMP},
    },
    "credit_lines": {"line_id": TEXT, "effective_at": TIMESTAMP, "limit_amount": TEXT, "status": TEXT, "reason": TEXT},
    "loans": {"loan_id": TEXT, "disbursed_at": TIMESTAMP, "principal": TEXT, "term_months": FLAG},
    "loan_events": {"loan_id": TEXT, "event_type": TEXT, "occurred_at": TIMESTAMP},
    "installments": {
        **{"loan_id": TEXT, "installment_no": FLAG, "effective_at": TIMESTAMP, "due_date": TEXT},
        **{"principal_due": TEXT, "interest_due": TEXT, "fee_due": TEXT},
    },
    "repayments": {
        **{"repayment_id": TEXT, "loan_id": TEXT, "installment_no": FLAG, "paid_at": TIMESTAMP, "method": TEXT},
        **{"principal_paid": TEXT, "interest_paid": TEXT, "fee_paid": TEXT},
    },
    "events": {"event_type": TEXT, "event_time": TIMESTAMP, "page": TEXT, "dwell_ms": FLAG, "session_id": TEXT},
    "device_sightings": {
        **{"device_id": TEXT, "seen_at": TIMESTAMP, "is_emulator": FLAG, "is_rooted": FLAG, "os": TEXT, "brand": TEXT},
        "flags": pa.list_(TEXT),
    },
    "identifier_links": {"identifier_type": TEXT, "identifier": TEXT, "seen_at": TIMESTAMP},
    "external_reports": {
        **{"application_id": TEXT, "product": TEXT, "requested_at": TIMESTAMP},
        "values": pa.struct([(name, NUMBER) for name in REPORT_VALUES]),
    },
    "collections": {"acted_at": TIMESTAMP, "action": TEXT},
    "labels": {
        **{"entity": TEXT, "entity_id": TEXT, "name": TEXT, "value": NUMBER},
        **{"observed_at": TIMESTAMP, "known_at": TIMESTAMP},
    },
}
EVENT_TIME = {
    **{"customers": "registered_at", "applications": "applied_at", "credit_lines": "effective_at", "loans": "disbursed_at"},
    **{"loan_events": "occurred_at", "installments": "effective_at", "repayments": "paid_at", "events": "event_time"},
    **{"device_sightings": "seen_at", "identifier_links": "seen_at", "external_reports": "requested_at"},
    **{"collections": "acted_at", "labels": "known_at"},
}
MONEY = {"monthly_income", "amount", "limit_amount", "principal", "principal_due", "interest_due", "fee_due"} | {
    "principal_paid",
    "interest_paid",
    "fee_paid",
}


def read(folder: Path, table: str) -> dict[str, np.ndarray]:
    """Columns of a table as arrays, oldest knowledge first: texts as objects, instants in ms (-1 where absent), money as numbers."""
    columns = {"customer_id": TEXT, **SCHEMAS[table], "ingested_at": TIMESTAMP}
    options = pj.ParseOptions(explicit_schema=pa.schema(list(columns.items())), unexpected_field_behavior="ignore")
    rows = pj.read_json(folder / f"{table}.ndjson", parse_options=options)
    found: dict[str, np.ndarray] = {}
    for name, kind in columns.items():
        column = rows[name].combine_chunks()
        if name == "customer_id":
            found["customer"] = pc.cast(pc.utf8_slice_codeunits(column, 1), pa.int64()).fill_null(0).to_numpy() - 1
        elif pa.types.is_struct(kind):
            for part in range(kind.num_fields):
                found[kind.field(part).name] = column.field(part).to_numpy(zero_copy_only=False)
        elif pa.types.is_list(kind):
            found[name] = pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False)
        elif kind == TIMESTAMP:
            found[name] = pc.cast(column, pa.int64()).fill_null(-1).to_numpy()
        elif name in MONEY:
            found[name] = pc.cast(column, pa.float64()).fill_null(0).to_numpy()
        else:
            found[name] = column.to_numpy(zero_copy_only=False)
    found["known"] = np.maximum(found["ingested_at"], found[EVENT_TIME[table]])
    order = np.argsort(found["known"], kind="stable")
    return {name: values[order] for name, values in found.items()}


def days_of(texts: np.ndarray) -> np.ndarray:
    return texts.astype("datetime64[D]").astype(np.int64)


@dataclass
class Features:
    """Named columns of one length, numbers or texts; `sequence` has STEPS steps a row, newest first."""

    columns: dict[str, np.ndarray] = field(default_factory=dict)
    sequence: np.ndarray | None = None

    def stack(self, others: list["Features"]) -> "Features":
        parts = [self, *others]
        names = self.columns.keys()
        columns = {name: np.concatenate([part.columns[name] for part in parts]) for name in names}
        sequence = None if self.sequence is None else np.concatenate([part.sequence for part in parts])
        return Features(columns, sequence)


class Book:
    """The tables of one book."""

    def __init__(self, folder: Path, utc_offset_hours: float = 8):
        self.offset = int(utc_offset_hours * 3_600_000)
        self.tables = {table: read(folder, table) for table in SCHEMAS}
        self.customers = int(self.tables["customers"]["customer"].max()) + 1
        self.number_loans()
        self.number_unnumbered_payments()

    def local_day(self, instants: np.ndarray | int):
        return (instants + self.offset) // DAY

    def local_hour(self, instants: np.ndarray):
        return (instants + self.offset) % DAY // 3_600_000

    def number_loans(self) -> None:
        loans = self.tables["loans"]
        ids = pa.array(loans["loan_id"])
        for table in ["installments", "repayments", "loan_events"]:
            rows = self.tables[table]
            rows["loan"] = pc.index_in(pa.array(rows["loan_id"]), ids).to_numpy(zero_copy_only=False).astype(np.int64)
        plan = self.tables["installments"]
        plan["due"] = days_of(plan["due_date"])
        plan["amount"] = plan["principal_due"] + plan["interest_due"] + plan["fee_due"]
        plan["customer"] = loans["customer"][plan["loan"]]
        # The schedule that a later one replaced ends when that one takes effect.
        newest = {}
        replaced = np.full(len(plan["loan"]), np.iinfo(np.int64).max)
        for row in np.argsort(plan["effective_at"], kind="stable")[::-1]:
            loan, effective = plan["loan"][row], plan["effective_at"][row]
            known = newest.get(loan)
            if known is None or known[0] != effective:
                newest[loan] = (effective, known[0] if known else np.iinfo(np.int64).max)
            replaced[row] = newest[loan][1]
        plan["replaced_at"] = replaced

    def number_unnumbered_payments(self) -> None:
        """A payment without a number is taken for the oldest open instalment of the plan."""
        plan, paid = self.tables["installments"], self.tables["repayments"]
        numbers = paid["installment_no"].astype(np.float64)
        amounts = paid["principal_paid"] + paid["interest_paid"] + paid["fee_paid"]
        paid["amount"] = amounts
        unnumbered = np.flatnonzero(np.isnan(numbers))
        by_loan: dict[int, np.ndarray] = {}
        affected = set(paid["loan"][unnumbered].tolist())
        for row in np.flatnonzero(np.isin(plan["loan"], list(affected))):
            by_loan.setdefault(int(plan["loan"][row]), []).append(row)
        mine: dict[int, list[int]] = {}
        for row in np.flatnonzero(np.isin(paid["loan"], list(affected))):
            mine.setdefault(int(paid["loan"][row]), []).append(row)
        for row in unnumbered:
            loan = int(paid["loan"][row])
            rows = sorted(by_loan[loan], key=lambda each: plan["installment_no"][each])
            before = sum(amounts[other] for other in mine[loan] if paid["paid_at"][other] < paid["paid_at"][row])
            reach = np.cumsum([plan["amount"][each] for each in rows])
            place = min(int(np.searchsorted(reach, before + 0.005, side="right")), len(rows) - 1)
            numbers[row] = plan["installment_no"][rows[place]]
        paid["no"] = numbers.astype(np.int64)


def count(customers: np.ndarray, size: int, weights: np.ndarray | None = None) -> np.ndarray:
    return np.bincount(customers, weights, minlength=size).astype(np.float64)


def maximum(customers: np.ndarray, values: np.ndarray, size: int, empty: float = np.nan) -> np.ndarray:
    found = np.full(size, -np.inf)
    np.maximum.at(found, customers, values)
    return np.where(np.isneginf(found), empty, found)


def last(customers: np.ndarray, values: np.ndarray, size: int) -> np.ndarray:
    """The last value of each customer; rows are in the order of knowledge."""
    found = np.full(size, np.nan)
    found[customers] = values
    return found


def share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole > 0)


def person(book: Book, customers: np.ndarray, at: np.ndarray | int) -> dict[str, np.ndarray]:
    """What the customers' own rows say at the instants; a correction that came later is not seen."""
    rows = book.tables["customers"]
    newest = np.full(book.customers, -1)
    first = np.full(book.customers, -1)
    order = np.arange(len(rows["customer"]))
    first[rows["customer"][::-1]] = order[::-1]
    newest[rows["customer"]] = order
    later = rows["known"][newest[customers]] > at
    row = np.where(later, first[customers], newest[customers])
    text = {name: rows[name][row] for name in ["gender", "education", "marital_status", "occupation", "channel"]}
    return {
        **text,
        "age": (book.local_day(at) - days_of(rows["birth_date"][row])) / 365.25,
        "monthly_income": rows["monthly_income"][row],
        "id_region_differs": (rows["id_region"][row] != rows["province"][row]).astype(float),
        "phone_region_differs": (rows["phone_region"][row] != rows["province"][row]).astype(float),
        "days_registered": book.local_day(at) - book.local_day(rows["registered_at"][row]),
    }


def sharing(book: Book, customers: np.ndarray, at: np.ndarray, kinds: set[str]) -> np.ndarray:
    """Customers beside this one on its busiest identifier of these kinds, as seen by then."""
    rows = book.tables["identifier_links"]
    chosen = np.isin(rows["identifier_type"].astype(str), list(kinds))
    users: dict[str, dict[int, int]] = {}
    mine: dict[int, set[str]] = {}
    for identifier, customer, known in zip(rows["identifier"][chosen], rows["customer"][chosen], rows["known"][chosen]):
        users.setdefault(identifier, {}).setdefault(customer, known)
        mine.setdefault(customer, set()).add(identifier)
    busiest = np.zeros(len(customers))
    for place, (customer, instant) in enumerate(zip(customers, at)):
        for identifier in mine.get(customer, ()):
            seen = users[identifier]
            if len(seen) > 1 and seen[customer] <= instant:
                busiest[place] = max(busiest[place], sum(known <= instant for known in seen.values()) - 1)
    return busiest


def application_features(book: Book, application_ids: np.ndarray, observed: np.ndarray) -> tuple[Features, np.ndarray]:
    """A row an application, as known at its decision: what was asked, who asked, from where, and what others said. Also its customer."""
    rows = book.tables["applications"]
    # The first version: what was asked. The decision is not among it.
    asked = {name: index for index, name in reversed(list(enumerate(rows["application_id"])))}
    row = np.array([asked[name] for name in application_ids])
    customers, applied = rows["customer"][row], rows["applied_at"][row]
    hour = book.local_hour(applied)
    columns = {
        **person(book, customers, observed),
        "amount": rows["amount"][row],
        "term_months": rows["term_months"][row].astype(float),
        "purpose": rows["purpose"][row],
        "product": rows["product"][row],
        "night": ((hour >= 0) & (hour < 5)).astype(float),
    }
    columns["amount_to_income"] = columns["amount"] / columns["monthly_income"]
    credit = (rows["kind"] == "CREDIT") & (rows["decision"] == "DECLINED")
    columns["declined_before"] = before(customers, applied, rows["customer"][credit], rows["known"][credit])
    reports = book.tables["external_reports"]
    place = {name: index for index, name in enumerate(application_ids)}
    for name in REPORT_VALUES:
        found = np.full(len(row), np.nan)
        for report in np.flatnonzero(~np.isnan(reports[name])):
            mine = place.get(reports["application_id"][report])
            if mine is not None and reports["known"][report] <= observed[mine]:
                found[mine] = reports[name][report]
        columns[f"report_{name}"] = found
    events = book.tables["events"]
    form = np.flatnonzero(events["event_type"] == "FILL")
    columns["form_seconds"] = latest(customers, observed, events["customer"][form], events["known"][form], events["dwell_ms"][form].astype(float) / 1000)
    seen = book.tables["device_sightings"]
    for name in ["is_emulator", "is_rooted", "flags"]:
        columns[f"device_{name}"] = latest(customers, observed, seen["customer"], seen["known"], seen[name].astype(float))
    apple = (seen["os"] == "iOS").astype(float)
    columns["device_apple"] = latest(customers, observed, seen["customer"], seen["known"], apple)
    columns["shared_device"] = sharing(book, customers, observed, {"DEVICE"})
    columns["shared_place"] = sharing(book, customers, observed, {"WIFI", "ADDRESS"})
    columns["shared_contact"] = sharing(book, customers, observed, {"PHONE", "CONTACT_PHONE"})
    return Features(columns), customers


def before(customers: np.ndarray, at: np.ndarray, whose: np.ndarray, when: np.ndarray) -> np.ndarray:
    times: dict[int, list[int]] = {}
    for customer, instant in zip(whose, when):
        times.setdefault(customer, []).append(instant)
    return np.array([sum(each < instant for each in times.get(customer, ())) for customer, instant in zip(customers, at)], dtype=float)


def latest(customers: np.ndarray, at: np.ndarray, whose: np.ndarray, when: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The newest value of each customer that was known at its instant; `when` ascends."""
    wanted: dict[int, list[int]] = {}
    for place, customer in enumerate(customers):
        wanted.setdefault(customer, []).append(place)
    found = np.full(len(customers), np.nan)
    for row in np.flatnonzero(np.isin(whose, customers)):
        for place in wanted[whose[row]]:
            if when[row] <= at[place]:
                found[place] = values[row]
    return found


def dues_at(book: Book, at: int) -> dict[str, np.ndarray]:
    """Instalments that fell due before the day of the instant, as the payments known then have paid them; oldest due first."""
    plan, paid = book.tables["installments"], book.tables["repayments"]
    today = int(book.local_day(at))
    rows = np.flatnonzero((plan["effective_at"] <= at) & (plan["due"] < today) & (plan["due"] * DAY - book.offset < plan["replaced_at"]))
    rows = rows[np.argsort(plan["due"][rows], kind="stable")]
    known = np.flatnonzero(paid["known"] <= at)
    # The newest version of a payment that was known.
    known = known[np.unique(paid["repayment_id"][known][::-1].astype(str), return_index=True)[1] * -1 - 1]
    key = lambda loan, no: loan * 1000 + no
    keys = key(plan["loan"][rows], plan["installment_no"][rows].astype(np.int64))
    sort = np.argsort(keys, kind="stable")
    place = np.searchsorted(keys[sort], key(paid["loan"][known], paid["no"][known]))
    hit = place < len(keys)
    hit[hit] = keys[sort][place[hit]] == key(paid["loan"][known], paid["no"][known])[hit]
    target, known = sort[place[hit]], known[hit]
    amount = np.bincount(target, paid["amount"][known], minlength=len(rows))
    cleared = np.full(len(rows), -1, dtype=np.int64)
    np.maximum.at(cleared, target, paid["paid_at"][known])
    auto = np.zeros(len(rows))
    auto[target] = paid["method"][known] == "AUTO_DEBIT"
    open_ = amount < plan["amount"][rows] - 0.005
    closed = np.full(len(book.tables["loans"]["loan_id"]), np.iinfo(np.int64).max)
    events = book.tables["loan_events"]
    settled = (events["event_type"] == "SETTLED") & (events["known"] <= at)
    closed[events["loan"][settled]] = events["occurred_at"][settled]
    over = closed[plan["loan"][rows]] <= at
    due_end = (plan["due"][rows] + 1) * DAY - book.offset
    delay = (np.where(open_ & ~over, at, np.where(cleared < 0, due_end, cleared)) - due_end) / DAY
    return {
        "customer": plan["customer"][rows],
        "loan": plan["loan"][rows],
        "due": plan["due"][rows],
        "amount": plan["amount"][rows],
        "open": open_ & ~over,
        "delay": np.clip(delay, -7, 60),
        "auto": auto,
    }


def sequence_of(dues: dict[str, np.ndarray], customers: np.ndarray, size: int) -> np.ndarray:
    """How late the newest STEPS dues of each customer were paid, newest first: days, negative before the due day's end."""
    customer, total = dues["customer"], len(dues["customer"])
    order = np.lexsort((-np.arange(total), customer))
    sorted_ = customer[order]
    starts = np.searchsorted(sorted_, np.arange(size))
    rank = np.arange(total) - starts[sorted_]
    table = np.full((size, STEPS), np.nan, dtype=np.float32)
    kept = rank < STEPS
    table[sorted_[kept], rank[kept]] = dues["delay"][order[kept]]
    return table[customers]


def behaviour_features(book: Book, customers: np.ndarray, at: int) -> Features:
    """A row a customer at one observation point: aggregates of what was known, and the sequence of the newest dues."""
    size, today = book.customers, int(book.local_day(at))
    dues = dues_at(book, at)
    who, age, late = dues["customer"], today - dues["due"], dues["delay"] > 0
    all_: dict[str, np.ndarray] = {}
    for months in (3, 6, 12):
        recent = age <= 30.4 * months
        number = count(who[recent], size)
        all_[f"late_share_{months}m"] = share(count(who[recent], size, late[recent].astype(float)), number)
        all_[f"worst_delay_{months}m"] = maximum(who[recent], np.maximum(dues["delay"][recent], 0), size)
        all_[f"mean_delay_{months}m"] = share(count(who[recent], size, dues["delay"][recent]), number)
    all_["dues"] = count(who, size)
    all_["auto_share"] = share(count(who, size, dues["auto"]), count(who, size))
    all_["days_past_due"] = maximum(who[dues["open"]], age[dues["open"]], size, 0)
    loans, lines = book.tables["loans"], book.tables["credit_lines"]
    taken = loans["known"] <= at
    for months in (3, 12):
        recent = taken & (today - book.local_day(loans["disbursed_at"]) <= 30.4 * months)
        all_[f"drawdowns_{months}m"] = count(loans["customer"][recent], size)
        all_[f"drawn_{months}m"] = count(loans["customer"][recent], size, loans["principal"][recent])
    first = np.full(size, np.nan)
    first[loans["customer"][taken][::-1]] = today - book.local_day(loans["disbursed_at"][taken][::-1])
    all_["days_since_first_loan"] = first
    all_["outstanding"] = outstanding(book, at)
    known = lines["known"] <= at
    all_["limit"] = last(lines["customer"][known], lines["limit_amount"][known], size)
    all_["utilization"] = share(all_["outstanding"], np.nan_to_num(all_["limit"]))
    all_["line_frozen"] = last(lines["customer"][known], (lines["status"][known] != "ACTIVE").astype(float), size)
    applications = book.tables["applications"]
    declined = (applications["decision"] == "DECLINED") & (applications["known"] <= at) & (applications["known"] > at - 183 * DAY)
    all_["declined_6m"] = count(applications["customer"][declined], size)
    all_.update(app_use(book, at))
    reports = book.tables["external_reports"]
    for name in ["bureau_score", "multi_lender_count", "lenders_30d"]:
        seen = (reports["known"] <= at) & ~np.isnan(reports[name])
        all_[f"report_{name}"] = last(reports["customer"][seen], reports[name][seen], size)
    acted = book.tables["collections"]
    recent = (acted["known"] <= at) & (acted["known"] > at - 90 * DAY)
    all_["collections_90d"] = count(acted["customer"][recent], size)
    columns = {name: values[customers] for name, values in all_.items()}
    return Features({**columns, **person(book, customers, at)}, sequence_of(dues, customers, size))


def outstanding(book: Book, at: int) -> np.ndarray:
    """Principal disbursed and not known to be paid, of loans that are not over."""
    loans, paid, events = book.tables["loans"], book.tables["repayments"], book.tables["loan_events"]
    taken = loans["known"] <= at
    left = np.where(taken, loans["principal"], 0.0)
    known = np.flatnonzero(paid["known"] <= at)
    known = known[np.unique(paid["repayment_id"][known][::-1].astype(str), return_index=True)[1] * -1 - 1]
    np.subtract.at(left, paid["loan"][known], paid["principal_paid"][known])
    over = np.isin(events["event_type"].astype(str), ["SETTLED", "WRITTEN_OFF", "SOLD"]) & (events["known"] <= at)
    left[events["loan"][over]] = 0
    return count(loans["customer"], book.customers, np.maximum(left, 0))


def app_use(book: Book, at: int) -> dict[str, np.ndarray]:
    events, size = book.tables["events"], book.customers
    found: dict[str, np.ndarray] = {}
    recent = (events["known"] <= at) & (events["known"] > at - 90 * DAY) & (events["session_id"] != None)  # noqa: E711
    login = recent & (events["event_type"] == "LOGIN")
    hour = book.local_hour(events["event_time"])
    found["sessions_90d"] = count(events["customer"][login], size)
    found["sessions_30d"] = count(events["customer"][login & (events["known"] > at - 30 * DAY)], size)
    night = login & (hour < 5)
    found["night_share_90d"] = share(count(events["customer"][night], size), found["sessions_90d"])
    view = recent & (events["event_type"] == "PAGE_VIEW")
    views = count(events["customer"][view], size)
    for page in ["CREDIT", "REPAYMENT", "BILL"]:
        found[f"{page.lower()}_views_90d"] = share(count(events["customer"][view & (events["page"] == page)], size), views)
    return found
