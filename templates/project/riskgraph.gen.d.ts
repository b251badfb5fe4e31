/** Names that an editor completes in the definitions of this project. `riskgraph check --write` writes this file: do not edit it. */
export {};

declare module 'riskgraph/register' {
  interface Register {
    tables: {
      'applications': {
        /** The id of the application */
        'application_id': 'String';
        /** Who applies */
        'customer_id': 'String';
        /** A credit line, a drawdown of one, or a single loan */
        'kind': 'String';
        /** The product that is asked for */
        'product': 'String';
        /** The channel of the application */
        'channel': 'String';
        /** When it was submitted */
        'applied_at': 'Instant';
        /** The amount that is asked for */
        'amount': 'Money';
        /** The term that is asked for, in months */
        'term_months': 'UInt16';
        /** The stated purpose */
        'purpose': 'String';
        /** The credit line of a drawdown */
        'line_id': 'String';
        /** The device that submitted it */
        'device_id': 'String';
        /** The address that submitted it */
        'ip': 'String';
        /** The latitude of the submitting device, in degrees */
        'latitude': 'Float64';
        /** The longitude of the submitting device, in degrees */
        'longitude': 'Float64';
        /** The datum of the position; RISKGRAPH_DATUM where absent */
        'datum': 'String';
        /** The declared province */
        'province': 'String';
        /** The declared city */
        'city': 'String';
        /** How it was decided */
        'decision': 'String';
        /** By rules alone or by a person */
        'decision_path': 'String';
        /** When it was decided */
        'decided_at': 'Instant';
        /** The amount that was approved */
        'approved_amount': 'Money';
        /** The lender’s reason for a decline */
        'decline_reason': 'String';
        /** The latitude in degrees, WGS84 */
        'wgs84_latitude': 'Float64';
        /** The longitude in degrees, WGS84 */
        'wgs84_longitude': 'Float64';
        /** The H3 cell of resolution 15, hex; a coarser cell is its parent */
        'h3': 'String';
        /** The geohash of level 12; a coarser cell is its beginning */
        'geohash': 'String';
        /** VALID, or why the row has no position and no cell */
        'position_status': 'String';
      };
      'campaign_contacts': {
        /** The id of the contact */
        'contact_id': 'String';
        /** The campaign */
        'campaign': 'String';
        /** Who was contacted */
        'customer_id': 'String';
        /** How */
        'channel': 'String';
        /** When */
        'sent_at': 'Instant';
        /** When the customer responded; NULL until then */
        'responded_at': 'Instant';
        /** When the customer applied; NULL until then */
        'converted_at': 'Instant';
      };
      'collections': {
        /** The id of the action */
        'action_id': 'String';
        /** The case that it belongs to */
        'case_id': 'String';
        /** The overdue loan */
        'loan_id': 'String';
        /** Who owes */
        'customer_id': 'String';
        /** When it was done */
        'acted_at': 'Instant';
        /** Whom it addressed */
        'party': 'String';
        /** What was done */
        'action': 'String';
        /** What came of it */
        'result': 'String';
        /** The day for which a payment was promised */
        'promised_on': 'Date';
        /** The amount promised */
        'promised_amount': 'Money';
        /** The amount collected */
        'amount': 'Money';
        /** The agency; NULL where the lender acts itself */
        'agency': 'String';
      };
      'costs': {
        /** The month, by its first day */
        'month': 'Date';
        /** The product */
        'product': 'String';
        /** The channel */
        'channel': 'String';
        /** The kind of cost */
        'kind': 'String';
        /** The amount */
        'amount': 'Money';
      };
      'credit_lines': {
        /** The id of the credit line */
        'line_id': 'String';
        /** Since when this row holds */
        'effective_at': 'Instant';
        /** Whose line it is */
        'customer_id': 'String';
        /** The product of the line */
        'product': 'String';
        /** The application that opened it */
        'application_id': 'String';
        /** The limit */
        'limit_amount': 'Money';
        /** The nominal rate a year */
        'annual_rate': 'Rate';
        /** Whether the line can be drawn */
        'status': 'String';
        /** Why the row was written */
        'reason': 'String';
      };
      'customers': {
        /** The lender’s id of the customer */
        'customer_id': 'String';
        /** When the customer registered */
        'registered_at': 'Instant';
        /** The date of birth */
        'birth_date': 'Date32';
        /** The gender as stated */
        'gender': 'String';
        /** The education as stated */
        'education': 'String';
        /** The marital status as stated */
        'marital_status': 'String';
        /** The province of residence */
        'province': 'String';
        /** The city of residence */
        'city': 'String';
        /** The occupation as stated */
        'occupation': 'String';
        /** The monthly income as stated */
        'monthly_income': 'Money';
        /** The phone number, hashed by the lender */
        'phone_hash': 'String';
        /** The region code of the identity document */
        'id_region': 'String';
        /** The region in which the phone number was issued */
        'phone_region': 'String';
        /** The channel through which the customer came */
        'channel': 'String';
        /** The lender’s own segment */
        'segment': 'String';
      };
      'decisions': {
        /** The id of the decision */
        'decision_id': 'String';
        /** The application that was decided */
        'application_id': 'String';
        /** Whom it is about */
        'customer_id': 'String';
        /** Where in the life of the credit it was made */
        'scene': 'String';
        /** The strategy that made it */
        'strategy': 'String';
        /** The version of the strategy */
        'version': 'String';
        /** When it was made */
        'decided_at': 'Instant';
        /** What was decided */
        'outcome': 'String';
      };
      'device_sightings': {
        /** Who was seen */
        'customer_id': 'String';
        /** The lender’s own id of the device */
        'device_id': 'String';
        /** When */
        'seen_at': 'Instant';
        /** The IMEI */
        'imei': 'String';
        /** The MEID */
        'meid': 'String';
        /** Apple’s advertising id */
        'idfa': 'String';
        /** Apple’s vendor id */
        'idfv': 'String';
        /** Google’s advertising id */
        'gaid': 'String';
        /** The open anonymous device id */
        'oaid': 'String';
        /** The Android id */
        'android_id': 'String';
        /** Apple’s device id, from before 2013 */
        'udid': 'String';
        /** The brand */
        'brand': 'String';
        /** The model */
        'model': 'String';
        /** The operating system */
        'os': 'String';
        /** The version of the operating system */
        'os_version': 'String';
        /** 1 where it is an emulator */
        'is_emulator': 'UInt8';
        /** 1 where it is rooted or jailbroken */
        'is_rooted': 'UInt8';
        /** What looks wrong: hook, clone, vpn, mock_location, clock_skew … */
        'flags': 'StringArray';
        /** The address */
        'ip': 'String';
        /** The hardware address of the WiFi’s access point */
        'wifi_bssid': 'String';
        /** The lender’s own fingerprint of the device, made of its hardware and software */
        'fingerprint': 'String';
        /** A hash of the account that is signed in on the phone */
        'account_hash': 'String';
        /** A hash of the id of the SIM card */
        'sim_hash': 'String';
        /** When the phone was last set back to the state of the factory */
        'reset_at': 'Instant';
      };
      'events': {
        /** The id of the event */
        'event_id': 'String';
        /** Who acts, once known */
        'customer_id': 'String';
        /** The device */
        'device_id': 'String';
        /** The application that it belongs to */
        'application_id': 'String';
        /** The session */
        'session_id': 'String';
        /** What was done: OPEN, REGISTER, LOGIN, FILL, SUBMIT, PAGE_VIEW … */
        'event_type': 'String';
        /** When it was done */
        'event_time': 'Instant';
        /** The channel */
        'channel': 'String';
        /** The product on view */
        'product': 'String';
        /** The amount on view */
        'amount': 'Money';
        /** The address of the device */
        'ip': 'String';
        /** The latitude of the device, in degrees */
        'latitude': 'Float64';
        /** The longitude of the device, in degrees */
        'longitude': 'Float64';
        /** The datum of the position; RISKGRAPH_DATUM where absent */
        'datum': 'String';
        /** 1 where the device says that its position is made up */
        'is_mock_location': 'UInt8';
        /** The page */
        'page': 'String';
        /** The time on the page */
        'dwell_ms': 'UInt32';
        /** Whatever else the app sends */
        'attributes': 'StringMap';
        /** The latitude in degrees, WGS84 */
        'wgs84_latitude': 'Float64';
        /** The longitude in degrees, WGS84 */
        'wgs84_longitude': 'Float64';
        /** The H3 cell of resolution 15, hex; a coarser cell is its parent */
        'h3': 'String';
        /** The geohash of level 12; a coarser cell is its beginning */
        'geohash': 'String';
        /** VALID, or why the row has no position and no cell */
        'position_status': 'String';
      };
      'external_reports': {
        /** The id of the report */
        'report_id': 'String';
        /** Whom it is about */
        'customer_id': 'String';
        /** The application for which it was bought */
        'application_id': 'String';
        /** The provider */
        'provider': 'String';
        /** The provider’s product */
        'product': 'String';
        /** When it was requested */
        'requested_at': 'Instant';
        /** How the request ended */
        'status': 'String';
        /** How long the provider took */
        'latency_ms': 'UInt32';
        /** What it cost */
        'cost': 'Money';
        /** The values of the report by name: scores, counts of inquiries … */
        'values': 'FloatMap';
      };
      'fund_flows': {
        /** The id of the flow */
        'flow_id': 'String';
        /** The loan */
        'loan_id': 'String';
        /** Who borrowed */
        'customer_id': 'String';
        /** When the money moved */
        'occurred_at': 'Instant';
        /** The amount */
        'amount': 'Money';
        /** The kind of the receiver */
        'counterparty_type': 'String';
      };
      'gang_members': {
        /** The member */
        'customer_id': 'String';
        /** The local day at whose end this holds, until the next row of the customer */
        'as_of': 'Date';
        /** The gang; empty once the customer is in none */
        'gang_id': 'String';
        /** When the customer and another member had first both been seen with one identifier */
        'joined_at': 'Instant';
        /** 1 where the customer is known bad by the end of the day: 30 days past due once, written off, or in a gang judged CONFIRMED */
        'known_bad': 'UInt16';
        /** Identifiers shared with other members */
        'shared_identifiers': 'UInt16';
        /** Other members who share an identifier with the customer */
        'neighbours': 'UInt16';
        /** Members who share one with a neighbour, and none with the customer */
        'second_neighbours': 'UInt16';
        /** Neighbours who are known bad */
        'bad_neighbours': 'UInt16';
        /** Identifiers on the shortest way to another member who is known bad */
        'distance_to_bad': 'UInt16';
        /** The largest k for which the customer is in a part of the gang where everyone has k neighbours */
        'core_number': 'UInt16';
        /** Risk that flows in from other members who are known bad */
        'propagated_risk': 'Float64';
      };
      'gang_verdicts': {
        /** The gang */
        'gang_id': 'String';
        /** When it was judged */
        'judged_at': 'Instant';
        /** The finding; NONE takes back the one before */
        'verdict': 'String';
        /** Why, for the case file */
        'note': 'String';
        /** When the verdict ends; without it, it holds until the next */
        'until': 'Instant';
      };
      'identifier_links': {
        /** Who used it */
        'customer_id': 'String';
        /** The kind of identifier; PHONE and CONTACT_PHONE share one space */
        'identifier_type': 'String';
        /** The identifier, hashed with one salt */
        'identifier': 'String';
        /** When it was seen */
        'seen_at': 'Instant';
      };
      'inquiries': {
        /** The report that lists it */
        'report_id': 'String';
        /** The place in the report, from 1 */
        'inquiry_no': 'UInt16';
        /** Whom it is about */
        'customer_id': 'String';
        /** When the other organisation asked */
        'inquired_at': 'Instant';
        /** Who asked, as the bureau names it */
        'organisation': 'String';
        /** Why it asked: LOAN_APPROVAL, CARD_APPROVAL, ACCOUNT_REVIEW … */
        'reason': 'String';
        /** The amount that was applied for there */
        'amount': 'Money';
      };
      'installments': {
        /** The loan */
        'loan_id': 'String';
        /** The place in the schedule, from 1 */
        'installment_no': 'UInt16';
        /** Since when this schedule holds */
        'effective_at': 'Instant';
        /** Who owes it */
        'customer_id': 'String';
        /** The day on which it is due */
        'due_date': 'Date';
        /** The principal due */
        'principal_due': 'Money';
        /** The interest due */
        'interest_due': 'Money';
        /** The fees due */
        'fee_due': 'Money';
      };
      'labels': {
        /** The registered entity: customer, loan, application … */
        'entity': 'String';
        /** The key of the entity */
        'entity_id': 'String';
        /** The name of the label; of one that is computed `name@version` */
        'name': 'String';
        /** The observation point */
        'observed_at': 'Instant';
        /** The start of the outcome window */
        'window_from': 'Instant';
        /** The end of the outcome window */
        'window_to': 'Instant';
        /** Since when the outcome is known; no training set reads it earlier */
        'known_at': 'Instant';
        /** The outcome: 1 or 0, or a number; of no meaning where `outcome` says that there is none */
        'value': 'Float64';
        /** NULL where the value is the outcome; else why there is none: neither good nor bad, or no part of the population */
        'outcome': 'String';
        /** What makes it indeterminate or excluded, in the words of the definition */
        'reason': 'String';
      };
      'loan_events': {
        /** The loan */
        'loan_id': 'String';
        /** What happened */
        'event_type': 'String';
        /** When it happened */
        'occurred_at': 'Instant';
        /** The principal charged off, or the proceeds of a sale */
        'amount': 'Money';
        /** The kind of restructuring and the like: EXTENSION, REFINANCE, WAIVER … */
        'detail': 'String';
      };
      'loan_snapshots': {
        /** The loan */
        'loan_id': 'String';
        /** The local day at whose end this holds */
        'as_of': 'Date';
        /** Who borrows */
        'customer_id': 'String';
        /** The product */
        'product': 'String';
        /** The channel of the sale */
        'channel': 'String';
        /** The credit line */
        'line_id': 'String';
        /** Where the loan stands; SETTLED, WRITTEN_OFF and SOLD close it */
        'status': 'String';
        /** 1 once the loan has been restructured */
        'restructured': 'UInt8';
        /** Days past due of the oldest instalment that is not fully paid */
        'dpd': 'UInt16';
        /** The principal not yet paid */
        'principal_outstanding': 'Money';
        /** The principal that was due before this day and is unpaid */
        'overdue_principal': 'Money';
        /** The interest that was due before this day and is unpaid */
        'interest_overdue': 'Money';
        /** The fees that were due before this day and are unpaid */
        'fee_overdue': 'Money';
        /** The penalty interest accrued and unpaid */
        'penalty_accrued': 'Money';
        /** The regulator’s five classes */
        'risk_class': 'String';
        /** The local day of the disbursement */
        'disbursed_on': 'Date';
        /** The amount paid out */
        'principal': 'Money';
      };
      'loans': {
        /** The id of the loan */
        'loan_id': 'String';
        /** Who borrows */
        'customer_id': 'String';
        /** The application that led to it */
        'application_id': 'String';
        /** The credit line that it draws on */
        'line_id': 'String';
        /** The loan that it replaces */
        'refinances_loan_id': 'String';
        /** The product */
        'product': 'String';
        /** The channel of the sale */
        'channel': 'String';
        /** When the money was paid out */
        'disbursed_at': 'Instant';
        /** The amount paid out */
        'principal': 'Money';
        /** The agreed term, in months */
        'term_months': 'UInt16';
        /** The nominal rate a year */
        'annual_rate': 'Rate';
        /** The stated purpose */
        'purpose': 'String';
        /** The borrower’s province at disbursement */
        'province': 'String';
      };
      'places': {
        /** The province */
        'province': 'String';
        /** The city */
        'city': 'String';
        /** The latitude in degrees, WGS84 */
        'latitude': 'Float64';
        /** The longitude in degrees, WGS84 */
        'longitude': 'Float64';
        /** The latitude in degrees, WGS84 */
        'wgs84_latitude': 'Float64';
        /** The longitude in degrees, WGS84 */
        'wgs84_longitude': 'Float64';
        /** The H3 cell of resolution 15, hex; a coarser cell is its parent */
        'h3': 'String';
        /** The geohash of level 12; a coarser cell is its beginning */
        'geohash': 'String';
        /** VALID, or why the row has no position and no cell */
        'position_status': 'String';
      };
      'provisions': {
        /** The local day at whose end this holds */
        'as_of': 'Date';
        /** The product */
        'product': 'String';
        /** The kind of provision; empty where not told apart */
        'kind': 'String';
        /** The amount set aside */
        'amount': 'Money';
      };
      'repayments': {
        /** The id of the allocation */
        'repayment_id': 'String';
        /** The loan that is paid */
        'loan_id': 'String';
        /** Whose loan it is */
        'customer_id': 'String';
        /** The instalment that is paid; NULL pays the oldest first */
        'installment_no': 'UInt16';
        /** When the money came in */
        'paid_at': 'Instant';
        /** The principal paid */
        'principal_paid': 'Money';
        /** The interest paid */
        'interest_paid': 'Money';
        /** The fees paid */
        'fee_paid': 'Money';
        /** The penalty interest paid; it never enters days past due */
        'penalty_paid': 'Money';
        /** How it was paid */
        'method': 'String';
      };
      'rule_hits': {
        /** The decision */
        'decision_id': 'String';
        /** The rule */
        'rule': 'String';
        /** When the decision was made */
        'decided_at': 'Instant';
        /** 1 where the rule was evaluated */
        'evaluated': 'UInt8';
        /** 1 where it fired */
        'hit': 'UInt8';
        /** What the rule asked for */
        'action': 'String';
      };
      'scores': {
        /** The model, as name@version */
        'model': 'String';
        /** The registered entity */
        'entity': 'String';
        /** The key of the entity */
        'entity_id': 'String';
        /** When it was scored */
        'scored_at': 'Instant';
        /** The score in points */
        'points': 'Float64';
        /** The probability */
        'probability': 'Float64';
        /** The band */
        'band': 'String';
      };
      'statements': {
        /** Who is billed */
        'customer_id': 'String';
        /** The product; empty where there is one only */
        'product': 'String';
        /** The month, by its first day */
        'month': 'Date';
        /** The limit in this month */
        'credit_limit': 'Money';
        /** The balance billed; negative where the customer has paid too much */
        'statement_balance': 'Money';
        /** The least that has to be paid */
        'minimum_due': 'Money';
        /** By when it has to be paid */
        'due_date': 'Date';
        /** The amount paid in this month, for the statement of the month before */
        'amount_paid': 'Money';
        /** Months past due; zero or less where none */
        'delinquency': 'Int8';
      };
      'tac_brands': {
        /** The type allocation code */
        'tac': 'String';
        /** The brand */
        'brand': 'String';
        /** The price band: LOW, MIDDLE or HIGH */
        'price_band': 'String';
      };
      'tradelines': {
        /** The report that lists it */
        'report_id': 'String';
        /** The place in the report, from 1 */
        'tradeline_no': 'UInt16';
        /** Whose account it is */
        'customer_id': 'String';
        /** When the other lender reported it to the bureau */
        'reported_at': 'Instant';
        /** The day on which it was opened */
        'opened_on': 'Date';
        /** The kind of account: CARD, MORTGAGE, CONSUMER_LOAN, CAR_LOAN … */
        'account_type': 'String';
        /** The lender, as the bureau names it */
        'organisation': 'String';
        /** The limit, or the amount that was lent */
        'credit_limit': 'Money';
        /** What is owed */
        'balance': 'Money';
        /** Where it stands: OPEN, CLOSED, SETTLED, WRITTEN_OFF … */
        'status': 'String';
        /** Highest DPD so far, in days */
        'worst_dpd': 'UInt16';
        /** Months since it was opened */
        'months_on_book': 'UInt16';
      };
      'trusted_identifiers': {
        /** The kind, as in identifier_links */
        'identifier_type': 'String';
        /** The identifier, hashed with the salt of identifier_links */
        'identifier': 'String';
        /** From when on it links no one */
        'trusted_at': 'Instant';
        /** Why it is trusted */
        'reason': 'String';
        /** When the trust ends; without it, never */
        'until': 'Instant';
      };
    };
    features: {
      /** Share of the page views in 90 days that are of the page CREDIT; NULL without a page view (fraction) */
      'app_activity@1:credit_view_share_90d': 'FLOAT64';
      /** Views of the page CREDIT in 30 days (views) */
      'app_activity@1:credit_views_30d': 'INT32';
      /** Local days from the newest LOGIN to the as-of day; NULL without one in 90 days (days) */
      'app_activity@1:days_since_login': 'INT32';
      /** LOGIN events in 30 days (events) */
      'app_activity@1:logins_30d': 'INT32';
      /** Share of the events in 90 days that happened at night (fraction) */
      'app_activity@1:night_share_90d': 'FLOAT64';
      /** Share of the page views in 90 days that are of the page REPAYMENT; NULL without a page view (fraction) */
      'app_activity@1:repayment_view_share_90d': 'FLOAT64';
      /** Sessions with an event in 30 days (sessions) */
      'app_activity@1:sessions_30d': 'INT32';
      /** Sessions with an event in 7 days (sessions) */
      'app_activity@1:sessions_7d': 'INT32';
      /** Sessions of the last 30 days less the mean of the two spells of 30 days before (sessions) */
      'app_activity@1:sessions_change': 'FLOAT64';
      /** Amount asked for over the monthly income; NULL without an income above 0 (months of income) */
      'application_affordability@1:amount_over_income': 'FLOAT64';
      /** Amount asked for with the principal outstanding (0 without a loan on book) over the monthly income (months of income) */
      'application_affordability@1:debt_over_income': 'FLOAT64';
      /** Level monthly instalment of the request, to the cent; NULL without amount, term and rate (CNY a month) */
      'application_affordability@1:instalment': 'DECIMAL';
      /** The instalment over the monthly income; NULL without an income above 0 (fraction) */
      'application_affordability@1:instalment_over_income': 'FLOAT64';
      /** Identifiers on the shortest way to another member who is known bad; NULL where there is none (identifiers) */
      'application_gang@1:distance_to_bad': 'INT32';
      /** The gang of the applicant */
      'application_gang@1:gang_id': 'STRING';
      /** Members of the gang, the applicant included (customers) */
      'application_gang@1:gang_size': 'INT32';
      /** Hours from when the applicant was tied to the gang to the application; negative where the tie came later (hours) */
      'application_gang@1:joined_before_hours': 'FLOAT64';
      /** Applications of other members in the 24 hours before this one (applications) */
      'application_gang@1:other_applications_1d': 'INT32';
      /** Applications of other members in the hour before this one: a burst (applications) */
      'application_gang@1:other_applications_1h': 'INT32';
      /** Applications of other members in the 7 times 24 hours before this one (applications) */
      'application_gang@1:other_applications_7d': 'INT32';
      /** Share of the other members who are known bad (fraction) */
      'application_gang@1:other_bad_share': 'FLOAT64';
      /** Applications of other members in the 30 times 24 hours before this one that were DECLINED by the as-of (applications) */
      'application_gang@1:other_declined_30d': 'INT32';
      /** Applications of other members for the same amount in the 7 times 24 hours before this one (applications) */
      'application_gang@1:same_amount_7d': 'INT32';
      /** Applications of any kind in 365 days (applications) */
      'application_history@1:applications_365d': 'INT32';
      /** Applications of any kind in 90 days (applications) */
      'application_history@1:applications_90d': 'INT32';
      /** bureau_score of the newest OK report of 400 days that has one, high = safe (points) */
      'application_history@1:bureau_score': 'FLOAT64';
      /** bureau_score less that of the OK report before it in 400 days; NULL with fewer than two (points) */
      'application_history@1:bureau_score_change': 'FLOAT64';
      /** Local days from the newest application to the as-of day; NULL without one in 400 days (days) */
      'application_history@1:days_since_application': 'INT32';
      /** Applications of 365 days that were DECLINED by the as-of (applications) */
      'application_history@1:declined_365d': 'INT32';
      /** Applications of 90 days that were DECLINED by the as-of (applications) */
      'application_history@1:declined_90d': 'INT32';
      /** Drawdowns asked for in 90 days (applications) */
      'application_history@1:drawdowns_90d': 'INT32';
      /** multi_lender_count of the newest OK report of 400 days that has one (lenders) */
      'application_history@1:multi_lender_count': 'INT32';
      /** Reports asked for in 90 days, answered or not (reports) */
      'application_history@1:reports_90d': 'INT32';
      /** H3 cell of resolution 9, hex, of the application in WGS84; NULL without a position */
      'application_place@1:cell': 'STRING';
      /** Great-circle distance from where the customer sleeps; NULL without either position (km) */
      'application_place@1:distance_from_home_km': 'FLOAT64';
      /** Farther than 50 km from where the customer sleeps; NULL without either position */
      'application_place@1:far_from_home': 'BOOLEAN';
      /** H3 cell of resolution 8, hex, of the application; NULL without a position */
      'application_place@2:cell': 'STRING';
      /** Great-circle distance from the declared city; NULL without either position (km) */
      'application_place@2:distance_from_city_km': 'FLOAT64';
      /** Great-circle distance from where the customer sleeps; NULL without either position (km) */
      'application_place@2:distance_from_home_km': 'FLOAT64';
      /** Great-circle distance from where the customer works; NULL without either position (km) */
      'application_place@2:distance_from_work_km': 'FLOAT64';
      /** Farther than 50 km from where the customer sleeps; NULL without either position */
      'application_place@2:far_from_home': 'BOOLEAN';
      /** Geohash of level 6 of the application; NULL without a position */
      'application_place@2:geohash': 'STRING';
      /** VALID, or why the request has no position: ABSENT, INCOMPLETE, OUT_OF_RANGE, SWAPPED, ZERO, MOCKED, UNKNOWN_DATUM */
      'application_place@2:position_status': 'STRING';
      /** Band of the points */
      'b_score@1:band': 'STRING';
      /** The score in points; high = safe (points) */
      'b_score@1:points': 'INT32';
      /** Probability of bad that the model gives (fraction) */
      'b_score@1:probability': 'FLOAT64';
      /** Band of the points */
      'b_score@2:band': 'STRING';
      /** The score in points; high = safe (points) */
      'b_score@2:points': 'INT32';
      /** Probability of bad that the model gives (fraction) */
      'b_score@2:probability': 'FLOAT64';
      /** Band of the points */
      'b_score@3:band': 'STRING';
      /** The score in points; high = safe (points) */
      'b_score@3:points': 'INT32';
      /** Probability of bad that the model gives (fraction) */
      'b_score@3:probability': 'FLOAT64';
      /** Days since the newest inquiry; NULL without one (days) */
      'bureau_sequences@1:days_since_inquiry': 'INT32';
      /** Different organisations among them; NULL without such a report (organisations) */
      'bureau_sequences@1:inquirers_30d': 'INT32';
      /** Different organisations among them; NULL without such a report (organisations) */
      'bureau_sequences@1:inquirers_365d': 'INT32';
      /** Different organisations among them; NULL without such a report (organisations) */
      'bureau_sequences@1:inquirers_7d': 'INT32';
      /** Different organisations among them; NULL without such a report (organisations) */
      'bureau_sequences@1:inquirers_90d': 'INT32';
      /** Inquiries in the 30 days before the as-of day; NULL without such a report (inquiries) */
      'bureau_sequences@1:inquiries_30d': 'INT32';
      /** Inquiries in the 365 days before the as-of day; NULL without such a report (inquiries) */
      'bureau_sequences@1:inquiries_365d': 'INT32';
      /** Inquiries in the 7 days before the as-of day; NULL without such a report (inquiries) */
      'bureau_sequences@1:inquiries_7d': 'INT32';
      /** Inquiries in the 90 days before the as-of day; NULL without such a report (inquiries) */
      'bureau_sequences@1:inquiries_90d': 'INT32';
      /** Amount applied for there, newest first; NULL where the mask `inquiry_observed` is false or the report does not say it (CNY) */
      'bureau_sequences@1:inquiry_amount': 'ARRAY<DECIMAL>';
      /** Amounts of the inquiries of 90 days, those without one left out; NULL without such a report (CNY) */
      'bureau_sequences@1:inquiry_amount_90d': 'DECIMAL';
      /** Days since the inquiry, newest first; NULL where the mask `inquiry_observed` is false or the report does not say it (days) */
      'bureau_sequences@1:inquiry_days_ago': 'ARRAY<INT32>';
      /** The mask of the sequences of inquiries: whether the report lists that many */
      'bureau_sequences@1:inquiry_observed': 'ARRAY<BOOLEAN>';
      /** Inquiries of 30 days over a third of those of 90: above 1 they speed up; NULL without one in 90 days (ratio) */
      'bureau_sequences@1:inquiry_pace': 'FLOAT64';
      /** Why the organisation asked, newest first; NULL where the mask `inquiry_observed` is false or the report does not say it */
      'bureau_sequences@1:inquiry_reason': 'ARRAY<STRING>';
      /** Days since the report whose inquiries these are; NULL without one (days) */
      'bureau_sequences@1:inquiry_report_days': 'INT32';
      /** Different lenders of open accounts; NULL without such a report (organisations) */
      'bureau_sequences@1:lenders': 'INT32';
      /** Mean days since accounts were opened; NULL where none says it (days) */
      'bureau_sequences@1:mean_tradeline_days': 'FLOAT64';
      /** Days since the first account was opened; NULL where none says it (days) */
      'bureau_sequences@1:oldest_tradeline_days': 'INT32';
      /** Open accounts; NULL without such a report (accounts) */
      'bureau_sequences@1:open_tradelines': 'INT32';
      /** Owed on open accounts; NULL without such a report (CNY) */
      'bureau_sequences@1:total_balance': 'DECIMAL';
      /** Limits of open accounts; NULL without such a report (CNY) */
      'bureau_sequences@1:total_limit': 'DECIMAL';
      /** What is owed, newest first; NULL where the mask `tradeline_observed` is false or the report does not say it (CNY) */
      'bureau_sequences@1:tradeline_balance': 'ARRAY<DECIMAL>';
      /** Days since the account was opened, newest first; NULL where the mask `tradeline_observed` is false or the report does not say it (days) */
      'bureau_sequences@1:tradeline_days_open': 'ARRAY<INT32>';
      /** Limit or amount lent, newest first; NULL where the mask `tradeline_observed` is false or the report does not say it (CNY) */
      'bureau_sequences@1:tradeline_limit': 'ARRAY<DECIMAL>';
      /** The mask of the sequences of tradelines: whether the report lists that many */
      'bureau_sequences@1:tradeline_observed': 'ARRAY<BOOLEAN>';
      /** Whether the account is open: its status is not CLOSED, SETTLED, WRITTEN_OFF or SOLD, newest first; NULL where the mask `tradeline_observed` is false or the report does not say it */
      'bureau_sequences@1:tradeline_open': 'ARRAY<BOOLEAN>';
      /** Days since the report whose tradelines these are; NULL without one (days) */
      'bureau_sequences@1:tradeline_report_days': 'INT32';
      /** Kind of account, newest first; NULL where the mask `tradeline_observed` is false or the report does not say it */
      'bureau_sequences@1:tradeline_type': 'ARRAY<STRING>';
      /** Highest DPD so far, newest first; NULL where the mask `tradeline_observed` is false or the report does not say it (days) */
      'bureau_sequences@1:tradeline_worst_dpd': 'ARRAY<INT32>';
      /** Accounts, open or not; NULL without such a report (accounts) */
      'bureau_sequences@1:tradelines': 'INT32';
      /** Accounts that ever had DPD >= 1; NULL without such a report (accounts) */
      'bureau_sequences@1:tradelines_1plus': 'INT32';
      /** Accounts that ever had DPD >= 30; NULL without such a report (accounts) */
      'bureau_sequences@1:tradelines_30plus': 'INT32';
      /** Accounts that ever had DPD >= 90; NULL without such a report (accounts) */
      'bureau_sequences@1:tradelines_90plus': 'INT32';
      /** Accounts opened in the 30 days before the as-of day; NULL without such a report (accounts) */
      'bureau_sequences@1:tradelines_opened_30d': 'INT32';
      /** Accounts opened in the 365 days before the as-of day; NULL without such a report (accounts) */
      'bureau_sequences@1:tradelines_opened_365d': 'INT32';
      /** Accounts opened in the 7 days before the as-of day; NULL without such a report (accounts) */
      'bureau_sequences@1:tradelines_opened_7d': 'INT32';
      /** Accounts opened in the 90 days before the as-of day; NULL without such a report (accounts) */
      'bureau_sequences@1:tradelines_opened_90d': 'INT32';
      /** Owed over limits of the open accounts that have a limit above 0; NULL without one (fraction) */
      'bureau_sequences@1:utilization': 'FLOAT64';
      /** Highest DPD of any account so far; NULL where none says it (days) */
      'bureau_sequences@1:worst_dpd': 'INT32';
      /** Applications in the cell in 24 hours; 0 without one (applications) */
      'cell_activity@1:applications_1d': 'INT32';
      /** Applications in the cell in 30 local days; 0 without one (applications) */
      'cell_activity@1:applications_30d': 'INT32';
      /** Applications in the cell in 7 local days; 0 without one (applications) */
      'cell_activity@1:applications_7d': 'INT32';
      /** Mean applications of 24 hours in the 28 before the last 24 hours; 0 without one (applications) */
      'cell_activity@1:baseline_applications': 'FLOAT64';
      /** Applications of 24 hours less the baseline, in standard deviations of a Poisson count with that mean, at least 1; 0 is as ever (standard deviations) */
      'cell_activity@1:burst_deviations': 'FLOAT64';
      /** Applications of 24 hours by the baseline; NULL where the baseline is 0 (ratio) */
      'cell_activity@1:burst_ratio': 'FLOAT64';
      /** Distinct customers who applied in the cell in 24 hours; 0 without one (customers) */
      'cell_activity@1:customers_1d': 'INT32';
      /** Distinct customers who applied in the cell in 30 local days; 0 without one (customers) */
      'cell_activity@1:customers_30d': 'INT32';
      /** Distinct customers who applied in the cell in 7 local days; 0 without one (customers) */
      'cell_activity@1:customers_7d': 'INT32';
      /** Distinct devices that applied in the cell in 24 hours; 0 without one (devices) */
      'cell_activity@1:devices_1d': 'INT32';
      /** Distinct devices that applied in the cell in 30 local days; 0 without one (devices) */
      'cell_activity@1:devices_30d': 'INT32';
      /** Distinct devices that applied in the cell in 7 local days; 0 without one (devices) */
      'cell_activity@1:devices_7d': 'INT32';
      /** At least 5 applications in 24 hours and 3 standard deviations above the baseline */
      'cell_activity@1:hot': 'BOOLEAN';
      /** Most applications within one hour of the clock in 24 hours; 0 without one (applications) */
      'cell_activity@1:peak_hour_applications_1d': 'INT32';
      /** Applications of 7 local days in the cell and its 6 neighbours; NULL for a geohash (applications) */
      'cell_activity@1:ring_applications_7d': 'INT32';
      /** Applications of 7 local days in the cell and its 6 neighbours by their area; NULL for a geohash (applications per km²) */
      'cell_activity@1:ring_density_7d': 'FLOAT64';
      /** Approved share of decided_90d; NULL with fewer than 20 decided (fraction) */
      'cell_outcomes@1:approval_rate_90d': 'FLOAT64';
      /** Borrowers of the cell with a loan 30 or more days past due, or written off, on a day of these; 0 without one (customers) */
      'cell_outcomes@1:bad_borrowers_400d': 'INT32';
      /** Bad share of the borrowers, smoothed towards the parent cell: (bad + 20 × the parent's share) / (borrowers + 20); NULL where the parent has fewer than 20 borrowers (fraction) */
      'cell_outcomes@1:bad_rate_400d': 'FLOAT64';
      /** Customers who applied in the cell in 400 days and have a loan on a day of these; 0 without one (customers) */
      'cell_outcomes@1:borrowers_400d': 'INT32';
      /** Applications of 90 days in the cell that were APPROVED or DECLINED by the as-of; 0 without one (applications) */
      'cell_outcomes@1:decided_90d': 'INT32';
      /** Bad share of the borrowers of the parent cell, one resolution coarser; NULL with fewer than 20 (fraction) */
      'cell_outcomes@1:parent_bad_rate_400d': 'FLOAT64';
      /** Applications of any kind in the last local day (applications) */
      'credit_profile@1:applications_1d': 'INT32';
      /** Applications of any kind in 30 local days (applications) */
      'credit_profile@1:applications_30d': 'INT32';
      /** Applications of any kind in 365 local days (applications) */
      'credit_profile@1:applications_365d': 'INT32';
      /** Applications of any kind in 7 local days (applications) */
      'credit_profile@1:applications_7d': 'INT32';
      /** Applications of any kind in 90 local days (applications) */
      'credit_profile@1:applications_90d': 'INT32';
      /** APPROVED of the applications of 365 local days that are APPROVED or DECLINED; NULL without one (fraction) */
      'credit_profile@1:approved_share_365d': 'FLOAT64';
      /** Approved over asked amounts of the approved applications of 365 local days; NULL without one (fraction) */
      'credit_profile@1:approved_to_asked_365d': 'FLOAT64';
      /** Different channels applied through in 30 local days (channels) */
      'credit_profile@1:channels_applied_30d': 'INT32';
      /** Different channels of applications so far (channels) */
      'credit_profile@1:channels_ever': 'INT32';
      /** Limits of the lines that are not CLOSED; NULL without one (CNY) */
      'credit_profile@1:credit_limit': 'DECIMAL';
      /** Local days since the first loan; NULL without one (days) */
      'credit_profile@1:days_since_first_loan': 'INT32';
      /** Local days since the newest loan; NULL without one (days) */
      'credit_profile@1:days_since_last_loan': 'INT32';
      /** Local days since a limit was last raised or cut; NULL without a change (days) */
      'credit_profile@1:days_since_limit_change': 'INT32';
      /** Local days from the registration to the first application, 0 where it came before; NULL without one (days) */
      'credit_profile@1:days_to_first_application': 'INT32';
      /** principal_outstanding / stated income; NULL without an income > 0 (months) */
      'credit_profile@1:debt_to_income': 'FLOAT64';
      /** Principal of the draws of 90 local days (CNY) */
      'credit_profile@1:drawn_amount_90d': 'DECIMAL';
      /** Loans drawn from a line in the last local day (loans) */
      'credit_profile@1:draws_1d': 'INT32';
      /** Loans drawn from a line in 30 local days (loans) */
      'credit_profile@1:draws_30d': 'INT32';
      /** Loans drawn from a line in 365 local days (loans) */
      'credit_profile@1:draws_365d': 'INT32';
      /** Loans drawn from a line in 7 local days (loans) */
      'credit_profile@1:draws_7d': 'INT32';
      /** Loans drawn from a line in 90 local days (loans) */
      'credit_profile@1:draws_90d': 'INT32';
      /** Limit of the first line when it was opened; NULL without one (CNY) */
      'credit_profile@1:first_limit': 'DECIMAL';
      /** Whether the newest valid position of an application of 90 local days is within 50 km of the declared city; NULL without either */
      'credit_profile@1:gps_near_declared_city': 'BOOLEAN';
      /** Whether the regions of the identity document and of the phone number are the same text; NULL where one is unknown */
      'credit_profile@1:id_region_is_phone_region': 'BOOLEAN';
      /** Whether the region of the identity document is the declared province; NULL where one is unknown */
      'credit_profile@1:id_region_is_province': 'BOOLEAN';
      /** Largest draw of 365 local days / credit_limit; NULL without a limit > 0 or a draw (fraction) */
      'credit_profile@1:largest_draw_to_limit': 'FLOAT64';
      /** The channel of the newest application; NULL without one */
      'credit_profile@1:last_channel': 'STRING';
      /** The product of the newest loan; NULL without one */
      'credit_profile@1:last_product': 'STRING';
      /** Whether the newest loan is the first of its product; NULL without a loan */
      'credit_profile@1:last_product_is_new': 'BOOLEAN';
      /** Local days from the last settlement before the newest loan to that loan; NULL without one (days) */
      'credit_profile@1:last_reloan_gap_days': 'INT32';
      /** Cuts of a limit in 365 local days (changes) */
      'credit_profile@1:limit_decreases_365d': 'INT32';
      /** Raises of a limit in 365 local days (changes) */
      'credit_profile@1:limit_increases_365d': 'INT32';
      /** credit_limit / stated income; NULL without an income > 0 (months) */
      'credit_profile@1:limit_to_income': 'FLOAT64';
      /** Loans disbursed so far (loans) */
      'credit_profile@1:loans_ever': 'INT32';
      /** Stated income; NULL where none was stated (CNY a month) */
      'credit_profile@1:monthly_income': 'DECIMAL';
      /** Applications of 90 local days that were submitted while an earlier one of the customer was undecided, for 30 times 24 hours at most (applications) */
      'credit_profile@1:overlapping_applications_90d': 'INT32';
      /** Whether the region of the phone number is the declared province; NULL where one is unknown */
      'credit_profile@1:phone_region_is_province': 'BOOLEAN';
      /** Unpaid principal of the loans on book (CNY) */
      'credit_profile@1:principal_outstanding': 'DECIMAL';
      /** Different products applied for in 30 local days (products) */
      'credit_profile@1:products_applied_30d': 'INT32';
      /** Different products borrowed so far (products) */
      'credit_profile@1:products_ever': 'INT32';
      /** Loans disbursed so far that replace another (loans) */
      'credit_profile@1:refinancing_loans': 'INT32';
      /** Share of those four that are true, of the ones that are known; NULL where none is (fraction) */
      'credit_profile@1:region_agreement': 'FLOAT64';
      /** The channel through which the customer came; NULL where unknown */
      'credit_profile@1:registration_channel': 'STRING';
      /** Loans of 365 local days that came 1 to 90 local days after another was settled (loans) */
      'credit_profile@1:reloans_365d': 'INT32';
      /** Loans of 365 local days that came on the day on which another was settled (loans) */
      'credit_profile@1:same_day_reloans_365d': 'INT32';
      /** POTENTIAL, NEW, STABLE, DORMANT or LOST, as the view describes */
      'credit_profile@1:segment': 'STRING';
      /** Loans that were SETTLED so far (loans) */
      'credit_profile@1:settled_loans': 'INT32';
      /** Local days since the registration (days) */
      'credit_profile@1:tenure_days': 'INT32';
      /** Applications of 30 local days without a decision, or PENDING, at the as-of (applications) */
      'credit_profile@1:undecided_applications': 'INT32';
      /** Unpaid principal drawn from lines that are not CLOSED / credit_limit, never capped; NULL without a limit > 0 (fraction) */
      'credit_profile@1:utilization': 'FLOAT64';
      /** Different accounts signed in on the phones of the customer in 90 days (accounts) */
      'customer_devices@1:accounts_90d': 'INT32';
      /** Different brands of the devices of the customer in 90 days (brands) */
      'customer_devices@1:brands_90d': 'INT32';
      /** Local days since the first sighting, in 400 days, of the customer on the device of the last one (days) */
      'customer_devices@1:days_on_newest_device': 'INT32';
      /** Local days since the first sighting of the SIM card that was seen last; NULL with fewer than two cards in 400 days (days) */
      'customer_devices@1:days_since_sim_change': 'INT32';
      /** Times in 90 days at which a sighting was on another device than the one before (switches) */
      'customer_devices@1:device_switches_90d': 'INT32';
      /** Different devices of the customer in the last local day (devices) */
      'customer_devices@1:devices_1d': 'INT32';
      /** Different devices of the customer in 30 local days (devices) */
      'customer_devices@1:devices_30d': 'INT32';
      /** Different devices of the customer in 7 local days (devices) */
      'customer_devices@1:devices_7d': 'INT32';
      /** Different devices of the customer in 90 local days (devices) */
      'customer_devices@1:devices_90d': 'INT32';
      /** The customer was first seen on the device of the last sighting within 7 days, having been on another before: often a take-over */
      'customer_devices@1:is_newest_device_new': 'BOOLEAN';
      /** Other customers seen in 90 days on the device of the last sighting (customers) */
      'customer_devices@1:newest_device_others_90d': 'INT32';
      /** Devices of the customer in 90 days on which others were seen in these days (devices) */
      'customer_devices@1:shared_devices_90d': 'INT32';
      /** Different SIM cards in the phones of the customer in 90 days (SIM cards) */
      'customer_devices@1:sims_90d': 'INT32';
      /** Devices of the customer in 90 days with an emulator, root, hook or clone at one of their own sightings (devices) */
      'customer_devices@1:tampered_devices_90d': 'INT32';
      /** Shannon entropy of the cells of the positions: 0 for a single cell, 1 for two in turns; NULL without a position (bits) */
      'customer_places@1:cell_entropy_90d': 'FLOAT64';
      /** Distinct cells with a position in 30 local days; 0 without one (cells) */
      'customer_places@1:cells_visited_30d': 'INT32';
      /** Distinct cells with a position in 90 local days; 0 without one (cells) */
      'customer_places@1:cells_visited_90d': 'INT32';
      /** Latitude of the declared city, WGS84; NULL where the city is not declared or not in `places` (degrees) */
      'customer_places@1:city_latitude': 'FLOAT64';
      /** Longitude of the declared city, WGS84; NULL where the city is not declared or not in `places` (degrees) */
      'customer_places@1:city_longitude': 'FLOAT64';
      /** Great-circle distance of the position that is farthest from home; NULL without a home (km) */
      'customer_places@1:farthest_km_90d': 'FLOAT64';
      /** There is an impossible travel in 30 local days */
      'customer_places@1:has_impossible_travel_30d': 'BOOLEAN';
      /** The H3 cell of home, hex; NULL without a position at night */
      'customer_places@1:home_cell': 'STRING';
      /** Mean latitude of the positions at night in the home cell, WGS84; NULL without one (degrees) */
      'customer_places@1:home_latitude': 'FLOAT64';
      /** Mean longitude of the positions at night in the home cell, WGS84; NULL without one (degrees) */
      'customer_places@1:home_longitude': 'FLOAT64';
      /** Nights with a position in the home cell; few say little; 0 without one (nights) */
      'customer_places@1:home_nights_90d': 'INT32';
      /** Great-circle distance of home and the declared city; NULL without either (km) */
      'customer_places@1:home_to_city_km': 'FLOAT64';
      /** Great-circle distance of home and work; NULL without either (km) */
      'customer_places@1:home_to_work_km': 'FLOAT64';
      /** Times that two positions in a row are more than 50 km apart at more than 900 km/h; 0 without one (journeys) */
      'customer_places@1:impossible_travels_30d': 'INT32';
      /** Positions in 30 local days that are none: out of range, swapped, at 0 and 0, of half a position or an unknown datum; 0 without one (positions) */
      'customer_places@1:invalid_positions_30d': 'INT32';
      /** Positions in 30 local days that the device says are made up; 0 without one (positions) */
      'customer_places@1:mocked_positions_30d': 'INT32';
      /** Share of the positions that the most frequent cell has; NULL without a position (fraction) */
      'customer_places@1:top_cell_share_90d': 'FLOAT64';
      /** Highest speed between two positions in a row that are more than 50 km apart; NULL without two such (km/h) */
      'customer_places@1:top_speed_kmh_30d': 'FLOAT64';
      /** The H3 cell of work, hex; NULL without a position at working hours */
      'customer_places@1:work_cell': 'STRING';
      /** Weekdays with a position at working hours in the work cell; 0 without one (days) */
      'customer_places@1:work_days_90d': 'INT32';
      /** Mean latitude of the positions at working hours in the work cell, WGS84; NULL without one (degrees) */
      'customer_places@1:work_latitude': 'FLOAT64';
      /** Mean longitude of the positions at working hours in the work cell, WGS84; NULL without one (degrees) */
      'customer_places@1:work_longitude': 'FLOAT64';
      /** Local days from the registration to the as-of day (days) */
      'customer_profile@1:days_since_registration': 'INT32';
      /** Stated income; NULL where none was stated (CNY a month) */
      'customer_profile@1:monthly_income': 'DECIMAL';
      /** Other customers seen on the device in 400 days with a loan 90 or more days past due, or written off, on a day of these (customers) */
      'device_defaults@1:other_defaulted_customers_400d': 'INT32';
      /** Other customers seen on the device in 400 days with a loan 30 or more days past due, or written off, on a day of these (customers) */
      'device_defaults@1:other_late_customers_400d': 'INT32';
      /** Different valid Android ids reported; a factory reset makes a new one (ids) */
      'device_identity@1:android_ids_400d': 'INT32';
      /** The brand that the device reported last; NULL when it reported none */
      'device_identity@1:brand': 'STRING';
      /** Devices that reported its newest fingerprint, itself among them; many are copies of one image. NULL without one (devices) */
      'device_identity@1:fingerprint_devices_400d': 'INT32';
      /** Different valid Android ids that came with its newest valid IMEI, from any device. NULL without one (ids) */
      'device_identity@1:imei_android_ids_400d': 'INT32';
      /** Devices that reported its newest valid IMEI, itself among them; above 1 the IMEI was copied. NULL without one (devices) */
      'device_identity@1:imei_devices_400d': 'INT32';
      /** Different valid IMEIs reported; a phone with two SIM slots has two, so that above 2 they were rewritten (IMEIs) */
      'device_identity@1:imeis_400d': 'INT32';
      /** How many of OAID, fingerprint, account and SIM card the device gave in 400 days; an honest Android phone gives most, a phone that gives none hides (identifiers) */
      'device_identity@1:linking_identifiers': 'INT32';
      /** Different brand and model pairs reported (models) */
      'device_identity@1:models_400d': 'INT32';
      /** Devices that reported its newest valid OAID, itself among them; above 1 it was copied. NULL without one (devices) */
      'device_identity@1:oaid_devices_400d': 'INT32';
      /** Times at which the major version fell from one sighting to the next; a phone is upgraded, its disguise changes (changes) */
      'device_identity@1:os_downgrades_400d': 'INT32';
      /** Major version of the system reported last; NULL when none was (version) */
      'device_identity@1:os_major': 'INT32';
      /** LOW, MIDDLE or HIGH, by the allocation of its IMEI; NULL without a valid IMEI of a known allocation */
      'device_identity@1:price_band': 'STRING';
      /** The brand by the allocation of its IMEI is not the one reported; NULL without a valid IMEI of a known allocation, or without a brand */
      'device_identity@1:tac_brand_differs': 'BOOLEAN';
      /** No other customer applied on the device before this one did, in 400 days; NULL where this one did not apply on it */
      'device_others@1:is_first_applicant': 'BOOLEAN';
      /** No other customer was seen on the device before this one, in 400 days */
      'device_others@1:is_first_customer': 'BOOLEAN';
      /** Applications of other customers on the device in the last local day (applications) */
      'device_others@1:other_applications_1d': 'INT32';
      /** Applications of other customers on the device in 30 local days (applications) */
      'device_others@1:other_applications_30d': 'INT32';
      /** Applications of other customers on the device in 7 local days (applications) */
      'device_others@1:other_applications_7d': 'INT32';
      /** Applications of other customers on the device in 90 local days (applications) */
      'device_others@1:other_applications_90d': 'INT32';
      /** Other customers seen on the device in 400 days who are known bad by a day of these (customers) */
      'device_others@1:other_bad_customers_400d': 'INT32';
      /** Share of the other customers seen on the device in 400 days who are known bad; NULL where there are no others (share) */
      'device_others@1:other_bad_share_400d': 'FLOAT64';
      /** Other customers seen on the device in the last local day (customers) */
      'device_others@1:other_customers_1d': 'INT32';
      /** Other customers seen on the device in 30 local days (customers) */
      'device_others@1:other_customers_30d': 'INT32';
      /** Other customers seen on the device in 7 local days (customers) */
      'device_others@1:other_customers_7d': 'INT32';
      /** Other customers seen on the device in 90 local days (customers) */
      'device_others@1:other_customers_90d': 'INT32';
      /** The device gave a android_id that is not null-like */
      'device_profile@1:android_id_present': 'BOOLEAN';
      /** Its android_id has the right form and check digit; NULL when not present */
      'device_profile@1:android_id_valid': 'BOOLEAN';
      /** Different customers seen on the device in 30 days (customers) */
      'device_profile@1:customers_30d': 'INT32';
      /** Local days from the first sighting in 400 days to the as-of day; small after a factory reset (days) */
      'device_profile@1:days_since_first_seen': 'INT32';
      /** The device gave a gaid that is not null-like */
      'device_profile@1:gaid_present': 'BOOLEAN';
      /** Its gaid has the right form and check digit; NULL when not present */
      'device_profile@1:gaid_valid': 'BOOLEAN';
      /** Number of imei, meid, idfa, idfv, gaid, oaid, android_id, udid that have a value which stands for the device (identifiers) */
      'device_profile@1:identifiers_present': 'INT32';
      /** Number of these identifiers with the form and the check digit of their kind (identifiers) */
      'device_profile@1:identifiers_valid': 'INT32';
      /** The device gave a idfa that is not null-like */
      'device_profile@1:idfa_present': 'BOOLEAN';
      /** Its idfa has the right form and check digit; NULL when not present */
      'device_profile@1:idfa_valid': 'BOOLEAN';
      /** The device gave a idfv that is not null-like */
      'device_profile@1:idfv_present': 'BOOLEAN';
      /** Its idfv has the right form and check digit; NULL when not present */
      'device_profile@1:idfv_valid': 'BOOLEAN';
      /** An IMEI came from Android 10 or newer in 400 days, where an ordinary app cannot read one: a sign of tampering */
      'device_profile@1:imei_on_new_android': 'BOOLEAN';
      /** The device gave a imei that is not null-like */
      'device_profile@1:imei_present': 'BOOLEAN';
      /** Its imei has the right form and check digit; NULL when not present */
      'device_profile@1:imei_valid': 'BOOLEAN';
      /** Any sighting in 30 days said emulator; NULL when none said either way */
      'device_profile@1:is_emulator': 'BOOLEAN';
      /** Any sighting in 30 days said rooted or jailbroken; NULL when none said either way */
      'device_profile@1:is_rooted': 'BOOLEAN';
      /** The device gave a meid that is not null-like */
      'device_profile@1:meid_present': 'BOOLEAN';
      /** Its meid has the right form and check digit; NULL when not present */
      'device_profile@1:meid_valid': 'BOOLEAN';
      /** Different brand and model pairs reported in 30 days; above 1 the phone was disguised (models) */
      'device_profile@1:models_30d': 'INT32';
      /** The device gave a oaid that is not null-like */
      'device_profile@1:oaid_present': 'BOOLEAN';
      /** Its oaid has the right form and check digit; NULL when not present */
      'device_profile@1:oaid_valid': 'BOOLEAN';
      /** Customers seen in 30 days without the subject, taken to be the customer seen on the device last; for a named customer read device_sharing@1 (customers) */
      'device_profile@1:other_customers_30d': 'INT32';
      /** Different flags (hook, clone, vpn, mock_location, …) in 30 days (flags) */
      'device_profile@1:risk_flags_30d': 'INT32';
      /** Sightings in 30 days (sightings) */
      'device_profile@1:sightings_30d': 'INT32';
      /** The device gave a udid that is not null-like */
      'device_profile@1:udid_present': 'BOOLEAN';
      /** Its udid has the right form and check digit; NULL when not present */
      'device_profile@1:udid_valid': 'BOOLEAN';
      /** Local days from this customer's first sighting on the device in 400 days to the as-of day (days) */
      'device_sharing@1:days_since_first_seen': 'INT32';
      /** Other customers seen on the device in 30 days (customers) */
      'device_sharing@1:other_customers_30d': 'INT32';
      /** Other customers seen on the device in 400 days (customers) */
      'device_sharing@1:other_customers_400d': 'INT32';
      /** Sightings of this customer on this device in 30 days (sightings) */
      'device_sharing@1:sightings_30d': 'INT32';
      /** The clock of the phone was off by more than a day in 30 days */
      'device_tampering@1:clock_skew_30d': 'BOOLEAN';
      /** The app ran as a copy beside itself in 30 days */
      'device_tampering@1:cloned_30d': 'BOOLEAN';
      /** Local days since the last known reset; NULL when none is known (days) */
      'device_tampering@1:days_since_reset': 'INT32';
      /** Any sighting in 30 days said emulator; NULL when none said either way */
      'device_tampering@1:emulator_30d': 'BOOLEAN';
      /** The first sighting of the device in 400 days came within 24 hours after a reset: a phone that has no past */
      'device_tampering@1:first_seen_fresh': 'BOOLEAN';
      /** Customers whose first sighting on the device in 400 days fell within 90 days and within 24 hours after a reset (customers) */
      'device_tampering@1:fresh_customers_90d': 'INT32';
      /** A framework that changes running apps was seen in 30 days */
      'device_tampering@1:hooked_30d': 'BOOLEAN';
      /** The position was made up by another app in 30 days */
      'device_tampering@1:mock_location_30d': 'BOOLEAN';
      /** Different instants at which the phone was set back, as far as sightings told (resets) */
      'device_tampering@1:resets_400d': 'INT32';
      /** Any sighting in 30 days said rooted or jailbroken; NULL when none said either way */
      'device_tampering@1:rooted_30d': 'BOOLEAN';
      /** Of emulator, root, hook, clone, mock location and clock skew, how many were seen in 30 days (signs) */
      'device_tampering@1:tampering_signs_30d': 'INT32';
      /** Share of the sightings of 30 days through a VPN; NULL without one (share) */
      'device_tampering@1:vpn_share_30d': 'FLOAT64';
      /** Different accounts signed in on the phone in 30 days (accounts) */
      'device_usage@1:accounts_30d': 'INT32';
      /** Different IP addresses in 30 days (addresses) */
      'device_usage@1:addresses_30d': 'INT32';
      /** Different customers who applied on the device in 90 days (customers) */
      'device_usage@1:applicants_90d': 'INT32';
      /** Applications made on the device in the last local day (applications) */
      'device_usage@1:applications_1d': 'INT32';
      /** Applications made on the device in 30 local days (applications) */
      'device_usage@1:applications_30d': 'INT32';
      /** Applications made on the device in 7 local days (applications) */
      'device_usage@1:applications_7d': 'INT32';
      /** Applications made on the device in 90 local days (applications) */
      'device_usage@1:applications_90d': 'INT32';
      /** Approved of the applications of 90 days that were approved or declined by the as-of; NULL without one (share) */
      'device_usage@1:approved_share_90d': 'FLOAT64';
      /** Different customers seen on the device in the last local day (customers) */
      'device_usage@1:customers_1d': 'INT32';
      /** Different customers seen on the device in 30 local days (customers) */
      'device_usage@1:customers_30d': 'INT32';
      /** Different customers seen on the device in 7 local days (customers) */
      'device_usage@1:customers_7d': 'INT32';
      /** Different customers seen on the device in 90 local days (customers) */
      'device_usage@1:customers_90d': 'INT32';
      /** Local days since the first application on the device in 400 days; NULL without one (days) */
      'device_usage@1:days_since_first_application': 'INT32';
      /** Share of the sightings of 30 days between 0:00 and 5:59 local time; NULL without one (share) */
      'device_usage@1:night_share_30d': 'FLOAT64';
      /** Other devices seen in the same ten minutes on the same WiFi at least twice in 7 days, where the WiFi has at most 100 devices (devices) */
      'device_usage@1:same_rhythm_devices_7d': 'INT32';
      /** Other devices whose valid IMEI has the same allocation and a serial number at most 5 away: phones bought by the box (devices) */
      'device_usage@1:serial_neighbours_400d': 'INT32';
      /** Different SIM cards in the phone in 30 days; above 2 they are swapped (SIM cards) */
      'device_usage@1:sims_30d': 'INT32';
      /** Devices, itself among them, on the busiest of its WiFi networks in 7 days; NULL without a WiFi (devices) */
      'device_usage@1:wifi_devices_7d': 'INT32';
      /** Different WiFi networks in 30 days (networks) */
      'device_usage@1:wifis_30d': 'INT32';
      /** Neighbours who are known bad (customers) */
      'gang_membership@1:bad_neighbours': 'INT32';
      /** The largest k for which the customer is in a part of the gang where everyone has k neighbours (customers) */
      'gang_membership@1:core_number': 'INT32';
      /** Customers on the shared device that has the most; 0 without a shared device (customers) */
      'gang_membership@1:customers_on_widest_device': 'INT32';
      /** Local days since the customer and another member had both been seen with one identifier (days) */
      'gang_membership@1:days_in_gang': 'INT32';
      /** Identifiers on the shortest way to another member who is known bad; NULL where there is none (identifiers) */
      'gang_membership@1:distance_to_bad': 'INT32';
      /** Local days since the first two members had (days) */
      'gang_membership@1:gang_age_days': 'INT32';
      /** Pairs of members who share an identifier, of all pairs (fraction) */
      'gang_membership@1:gang_density': 'FLOAT64';
      /** The gang, an id that is kept from day to day */
      'gang_membership@1:gang_id': 'STRING';
      /** Members of the gang, the customer included (customers) */
      'gang_membership@1:gang_size': 'INT32';
      /** What an investigator found of the gang: CONFIRMED, FALSE_ALARM or WATCH; NULL without a verdict in force */
      'gang_membership@1:gang_verdict': 'STRING';
      /** Other members who share an identifier with the customer: one hop (customers) */
      'gang_membership@1:neighbours': 'INT32';
      /** Applications of other members in 1 day (applications) */
      'gang_membership@1:other_applications_1d': 'INT32';
      /** Applications of other members in 30 days (applications) */
      'gang_membership@1:other_applications_30d': 'INT32';
      /** Applications of other members in 7 days (applications) */
      'gang_membership@1:other_applications_7d': 'INT32';
      /** Other members who are known bad: 30 days past due once, written off, or judged (customers) */
      'gang_membership@1:other_bad_members': 'INT32';
      /** Their share of the other members (fraction) */
      'gang_membership@1:other_bad_share': 'FLOAT64';
      /** Other members who joined in 1 day (customers) */
      'gang_membership@1:other_new_members_1d': 'INT32';
      /** Other members who joined in 30 days (customers) */
      'gang_membership@1:other_new_members_30d': 'INT32';
      /** Other members who joined in 7 days (customers) */
      'gang_membership@1:other_new_members_7d': 'INT32';
      /** Risk that flows in from other members who are known bad, over four steps, half of it each time (fraction) */
      'gang_membership@1:propagated_risk': 'FLOAT64';
      /** Members who share one with a neighbour and none with the customer: two hops (customers) */
      'gang_membership@1:second_neighbours': 'INT32';
      /** Bank cards and payee accounts among them (identifiers) */
      'gang_membership@1:shared_accounts': 'INT32';
      /** Addresses among them (identifiers) */
      'gang_membership@1:shared_addresses': 'INT32';
      /** Devices among them (identifiers) */
      'gang_membership@1:shared_devices': 'INT32';
      /** Identifiers that the customer shares with other members (identifiers) */
      'gang_membership@1:shared_identifiers': 'INT32';
      /** WiFi networks among them (identifiers) */
      'gang_membership@1:shared_networks': 'INT32';
      /** Telephone numbers among them, own or named as a contact (identifiers) */
      'gang_membership@1:shared_phones': 'INT32';
      /** Local days since the first two members were tied (days) */
      'gang_profile@1:age_days': 'INT32';
      /** Applications of members in 1 day (applications) */
      'gang_profile@1:applications_1d': 'INT32';
      /** Applications of members in 30 days (applications) */
      'gang_profile@1:applications_30d': 'INT32';
      /** Applications of members in 7 days (applications) */
      'gang_profile@1:applications_7d': 'INT32';
      /** Approved share of decided_90d; NULL without a decided one (fraction) */
      'gang_profile@1:approval_rate_90d': 'FLOAT64';
      /** Known bad members, of all members (fraction) */
      'gang_profile@1:bad_share': 'FLOAT64';
      /** Members with a loan on book (customers) */
      'gang_profile@1:borrowers': 'INT32';
      /** The largest k for which a part of the gang has k neighbours for everyone in it (customers) */
      'gang_profile@1:core_number': 'INT32';
      /** Customers on the shared identifier that has the most (customers) */
      'gang_profile@1:customers_on_widest_identifier': 'INT32';
      /** Applications of members in 90 days that were APPROVED or DECLINED by the as-of (applications) */
      'gang_profile@1:decided_90d': 'INT32';
      /** Pairs of members who share an identifier, of all pairs (fraction) */
      'gang_profile@1:density': 'FLOAT64';
      /** Unpaid principal, due or not, of the loans on book of the members (CNY) */
      'gang_profile@1:exposure': 'DECIMAL';
      /** Matured members with a first instalment that was unpaid 7 days after its due date (customers) */
      'gang_profile@1:fpd7_members': 'INT32';
      /** Share of the matured members who are fpd7_members; NULL without a matured one (fraction) */
      'gang_profile@1:fpd7_rate': 'FLOAT64';
      /** Members who are known bad: 30 days past due once, written off, or judged (customers) */
      'gang_profile@1:known_bad_members': 'INT32';
      /** Members with a loan of 400 days whose first instalment was due 7 days ago or earlier (customers) */
      'gang_profile@1:matured_members': 'INT32';
      /** Mean over the members of the risk that flows in from others who are known bad (fraction) */
      'gang_profile@1:mean_propagated_risk': 'FLOAT64';
      /** Customers of the gang (customers) */
      'gang_profile@1:members': 'INT32';
      /** Members who joined in 1 day (customers) */
      'gang_profile@1:new_members_1d': 'INT32';
      /** Members who joined in 30 days (customers) */
      'gang_profile@1:new_members_30d': 'INT32';
      /** Members who joined in 7 days (customers) */
      'gang_profile@1:new_members_7d': 'INT32';
      /** Part of the exposure on loans that are past due (CNY) */
      'gang_profile@1:overdue_exposure': 'DECIMAL';
      /** Share of the members with a valid position whose newest application in 400 days lies in the H3 cell of resolution 8 that most of them have in common; NULL with fewer than 2 such members (fraction) */
      'gang_profile@1:same_cell_share': 'FLOAT64';
      /** Bank cards and payee accounts among them (identifiers) */
      'gang_profile@1:shared_accounts': 'INT32';
      /** Addresses among them (identifiers) */
      'gang_profile@1:shared_addresses': 'INT32';
      /** Devices among them (identifiers) */
      'gang_profile@1:shared_devices': 'INT32';
      /** Identifiers that two members or more share (identifiers) */
      'gang_profile@1:shared_identifiers': 'INT32';
      /** WiFi networks among them (identifiers) */
      'gang_profile@1:shared_networks': 'INT32';
      /** Telephone numbers among them, own or named as a contact (identifiers) */
      'gang_profile@1:shared_phones': 'INT32';
      /** What an investigator found: CONFIRMED, FALSE_ALARM or WATCH; NULL without a verdict in force */
      'gang_profile@1:verdict': 'STRING';
      /** WGS84, GCJ02 or BD09 */
      'home_location@1:datum': 'STRING';
      /** Median latitude, in the datum given (degrees) */
      'home_location@1:latitude': 'FLOAT64';
      /** Median longitude, in the datum given (degrees) */
      'home_location@1:longitude': 'FLOAT64';
      /** Nights with a position in that datum; few say little (nights) */
      'home_location@1:nights': 'INT32';
      /** Customers who were seen with the identifier (customers) */
      'identifier_gangs@1:customers': 'INT32';
      /** Local days since a customer was last seen with it (days) */
      'identifier_gangs@1:days_since_seen': 'INT32';
      /** Local days since the first two members of the oldest of these gangs were tied (days) */
      'identifier_gangs@1:gang_age_days': 'INT32';
      /** Share of gang_customers who are gang_known_bad (fraction) */
      'identifier_gangs@1:gang_bad_share': 'FLOAT64';
      /** Members of these gangs, and customers with the identifier who are in none (customers) */
      'identifier_gangs@1:gang_customers': 'INT32';
      /** The largest of these gangs */
      'identifier_gangs@1:gang_id': 'STRING';
      /** Members of these gangs who are known bad (customers) */
      'identifier_gangs@1:gang_known_bad': 'INT32';
      /** Members of these gangs who joined in 30 days (customers) */
      'identifier_gangs@1:gang_new_members_30d': 'INT32';
      /** Members of these gangs who joined in 7 days (customers) */
      'identifier_gangs@1:gang_new_members_7d': 'INT32';
      /** What an investigator found of gang_id: CONFIRMED, FALSE_ALARM or WATCH; NULL without a verdict in force */
      'identifier_gangs@1:gang_verdict': 'STRING';
      /** Gangs that the identifier touches: one more customer would merge them (gangs) */
      'identifier_gangs@1:gangs': 'INT32';
      /** Customers with the identifier who are in a gang and known bad: 30 days past due once, written off, or judged (customers) */
      'identifier_gangs@1:known_bad_customers': 'INT32';
      /** Principal, interest and fee due; one value an instalment, newest first, NULL where the mask `observed` is false (CNY) */
      'instalment_sequences@1:amount_due': 'ARRAY<DECIMAL>';
      /** Paid or waived of it so far; one value an instalment, newest first, NULL where the mask `observed` is false (CNY) */
      'instalment_sequences@1:amount_paid': 'ARRAY<DECIMAL>';
      /** Principal outstanding at the end of the due day; NULL also without a snapshot of that day in 1,116 days; one value an instalment, newest first, NULL where the mask `observed` is false (CNY) */
      'instalment_sequences@1:balance': 'ARRAY<DECIMAL>';
      /** Actions to the borrower in 90 days that ended in REACHED, PROMISE or PAID / those with a result; NULL without one (fraction) */
      'instalment_sequences@1:borrower_reached_share_90d': 'FLOAT64';
      /** Actions of collecting in 30 local days (actions) */
      'instalment_sequences@1:collection_actions_30d': 'INT32';
      /** Actions of collecting in 90 local days (actions) */
      'instalment_sequences@1:collection_actions_90d': 'INT32';
      /** The same share of actions to contacts; NULL without one (fraction) */
      'instalment_sequences@1:contact_reached_share_90d': 'FLOAT64';
      /** Actions in 90 days that addressed a contact of the borrower (actions) */
      'instalment_sequences@1:contacts_addressed_90d': 'INT32';
      /** Instalments of the last 36 paid by their due date right after one that was late (cures) */
      'instalment_sequences@1:cures': 'INT32';
      /** Days late, early ones negative; one value an instalment, newest first, NULL where the mask `observed` is false (days) */
      'instalment_sequences@1:days_late': 'ARRAY<INT32>';
      /** Local days since an action last ended in REACHED, PROMISE or PAID, with any party; NULL without one in 400 days (days) */
      'instalment_sequences@1:days_since_reached': 'INT32';
      /** Highest DPD of the instalment so far; one value an instalment, newest first, NULL where the mask `observed` is false (days) */
      'instalment_sequences@1:dpd': 'ARRAY<INT32>';
      /** Days late of the first instalment that fell due, early negative; grows while it is unpaid (days) */
      'instalment_sequences@1:first_days_late': 'INT32';
      /** FPD1: the first instalment reached DPD 1, also where it was paid since; NULL until 1 days after its due date are over */
      'instalment_sequences@1:first_payment_default_1': 'BOOLEAN';
      /** FPD30: the first instalment reached DPD 30, also where it was paid since; NULL until 30 days after its due date are over */
      'instalment_sequences@1:first_payment_default_30': 'BOOLEAN';
      /** FPD7: the first instalment reached DPD 7, also where it was paid since; NULL until 7 days after its due date are over */
      'instalment_sequences@1:first_payment_default_7': 'BOOLEAN';
      /** Instalments whose due day is over (instalments) */
      'instalment_sequences@1:instalments_due': 'INT32';
      /** Instalments since the newest that was late by a day or more (0: the last one); NULL without one (instalments) */
      'instalment_sequences@1:instalments_since_late': 'INT32';
      /** Instalments of them that are not fully paid (instalments) */
      'instalment_sequences@1:instalments_unpaid': 'INT32';
      /** Mean days late of the newest 3 instalments less that of the 3 before; NULL with fewer than 6 (days) */
      'instalment_sequences@1:lateness_trend_6': 'FLOAT64';
      /** Most instalments in a row that were paid by their due date (instalments) */
      'instalment_sequences@1:longest_on_time_instalments': 'INT32';
      /** Highest DPD of the last 12 instalments (days) */
      'instalment_sequences@1:max_dpd_12': 'INT32';
      /** Highest DPD of the last 3 instalments (days) */
      'instalment_sequences@1:max_dpd_3': 'INT32';
      /** Highest DPD of the last 6 instalments (days) */
      'instalment_sequences@1:max_dpd_6': 'INT32';
      /** Mean days late of the last 12 instalments, early ones negative (days) */
      'instalment_sequences@1:mean_days_late_12': 'FLOAT64';
      /** Mean days late of the last 3 instalments, early ones negative (days) */
      'instalment_sequences@1:mean_days_late_3': 'FLOAT64';
      /** Mean days late of the last 6 instalments, early ones negative (days) */
      'instalment_sequences@1:mean_days_late_6': 'FLOAT64';
      /** The mask of all sequences here: whether the loan has that many instalments due, newest first */
      'instalment_sequences@1:observed': 'ARRAY<BOOLEAN>';
      /** Newest instalments in a row that were paid by their due date (instalments) */
      'instalment_sequences@1:on_time_instalments': 'INT32';
      /** amount_paid / amount_due; one value an instalment, newest first, NULL where the mask `observed` is false (fraction) */
      'instalment_sequences@1:paid_ratio': 'ARRAY<FLOAT64>';
      /** Whether it was paid in more than one part, or in part so far; one value an instalment, newest first, NULL where the mask `observed` is false */
      'instalment_sequences@1:partial': 'ARRAY<BOOLEAN>';
      /** Instalments of the last 12 paid in more than one part, or in part so far (instalments) */
      'instalment_sequences@1:partial_instalments_12': 'INT32';
      /** Slope of days late over the last 12 instalments, above 0 where payments come later and later; NULL with fewer than 3 (days an instalment) */
      'instalment_sequences@1:payment_day_drift': 'FLOAT64';
      /** Standard deviation of days late over the last 12 instalments; NULL with fewer than 3 (days) */
      'instalment_sequences@1:payment_day_spread': 'FLOAT64';
      /** Cash paid before the due days / due, over the last 36 instalments (fraction) */
      'instalment_sequences@1:prepaid_share': 'FLOAT64';
      /** Promises to pay in 90 days (promises) */
      'instalment_sequences@1:promises_90d': 'INT32';
      /** Of the promises of 400 days whose day is over, the share for which the cash from after the promise to the end of that day is at least the amount promised; NULL without one (fraction) */
      'instalment_sequences@1:promises_kept_share': 'FLOAT64';
      /** Instalments of the last 12 that reached DPD 1 (instalments) */
      'instalment_sequences@1:times_1plus_12': 'INT32';
      /** Instalments of the last 3 that reached DPD 1 (instalments) */
      'instalment_sequences@1:times_1plus_3': 'INT32';
      /** Instalments of the last 6 that reached DPD 1 (instalments) */
      'instalment_sequences@1:times_1plus_6': 'INT32';
      /** Instalments of the last 12 that reached DPD 30 (instalments) */
      'instalment_sequences@1:times_30plus_12': 'INT32';
      /** Instalments of the last 3 that reached DPD 30 (instalments) */
      'instalment_sequences@1:times_30plus_3': 'INT32';
      /** Instalments of the last 6 that reached DPD 30 (instalments) */
      'instalment_sequences@1:times_30plus_6': 'INT32';
      /** Instalments of the last 12 that reached DPD 60 (instalments) */
      'instalment_sequences@1:times_60plus_12': 'INT32';
      /** Instalments of the last 3 that reached DPD 60 (instalments) */
      'instalment_sequences@1:times_60plus_3': 'INT32';
      /** Instalments of the last 6 that reached DPD 60 (instalments) */
      'instalment_sequences@1:times_60plus_6': 'INT32';
      /** Limit of the lines that are not CLOSED, frozen ones included; NULL without one (CNY) */
      'loan_behaviour@1:credit_limit': 'DECIMAL';
      /** Highest DPD of the loans on book; NULL without one (days) */
      'loan_behaviour@1:current_dpd': 'INT32';
      /** Days from the newest day with DPD > 0 to the last day; NULL when there is none in 12 months (days) */
      'loan_behaviour@1:days_since_overdue': 'INT32';
      /** Highest DPD of any loan in each of the last 24 weeks, newest first: element 0 is the seven days up to the last day; 0 too where nothing was on book (days) */
      'loan_behaviour@1:dpd_weeks': 'ARRAY<INT32>';
      /** Lines that are FROZEN (lines) */
      'loan_behaviour@1:frozen_lines': 'INT32';
      /** Loans disbursed so far (loans) */
      'loan_behaviour@1:loans_ever': 'INT32';
      /** Highest DPD of any loan on any day of the last 12 months; NULL without a snapshot in it (days) */
      'loan_behaviour@1:max_dpd_12m': 'INT32';
      /** Highest DPD of any loan on any day of the last month; NULL without a snapshot in it (days) */
      'loan_behaviour@1:max_dpd_1m': 'INT32';
      /** Highest DPD of any loan on any day of the last 3 months; NULL without a snapshot in it (days) */
      'loan_behaviour@1:max_dpd_3m': 'INT32';
      /** Highest DPD of any loan on any day of the last 6 months; NULL without a snapshot in it (days) */
      'loan_behaviour@1:max_dpd_6m': 'INT32';
      /** Complete months since the first loan was disbursed (months) */
      'loan_behaviour@1:months_on_book': 'INT32';
      /** Loans disbursed in the last 3 months (loans) */
      'loan_behaviour@1:new_loans_3m': 'INT32';
      /** Loans on book (loans) */
      'loan_behaviour@1:open_loans': 'INT32';
      /** Days of the last 3 months with any loan at DPD > 0 (days) */
      'loan_behaviour@1:overdue_days_3m': 'INT32';
      /** Days of the last 6 months with any loan at DPD > 0 (days) */
      'loan_behaviour@1:overdue_days_6m': 'INT32';
      /** Loans on book with DPD > 0 (loans) */
      'loan_behaviour@1:overdue_loans': 'INT32';
      /** Principal due and unpaid of the loans on book (CNY) */
      'loan_behaviour@1:overdue_principal': 'DECIMAL';
      /** Unbroken runs of days with any loan at DPD > 0 in the last 12 months (spells) */
      'loan_behaviour@1:overdue_spells_12m': 'INT32';
      /** Unpaid principal, due or not, of the loans on book (CNY) */
      'loan_behaviour@1:principal_outstanding': 'DECIMAL';
      /** 1 - principal outstanding / principal disbursed over the loans on book; NULL without a loan on book (fraction) */
      'loan_behaviour@1:principal_repaid_share': 'FLOAT64';
      /** Loans on book that were restructured (loans) */
      'loan_behaviour@1:restructured_loans': 'INT32';
      /** Principal outstanding drawn from those lines / credit_limit; never capped; NULL without a limit > 0 (fraction) */
      'loan_behaviour@1:utilization': 'FLOAT64';
      /** Principal outstanding drawn from those lines on the last day less that 90 days before / credit_limit as it is now (fraction) */
      'loan_behaviour@1:utilization_change_3m': 'FLOAT64';
      /** Mean over the last 91 days of the principal outstanding drawn from those lines / credit_limit as it is now (fraction) */
      'loan_behaviour@1:utilization_mean_3m': 'FLOAT64';
      /** Days with an event in 30 days (days) */
      'login_days@1:login_days_30d': 'INT32';
      /** Share of 30 days with an event; NULL without any (fraction) */
      'login_share@1:login_share_30d': 'FLOAT64';
      /** What fell due: instalments, and the balance of the statement of the month before; one value a month, newest first, NULL where the mask `observed` is false (CNY) */
      'monthly_sequences@1:amount_due': 'ARRAY<DECIMAL>';
      /** Cash paid, without waivers and penalties; one value a month, newest first, NULL where the mask `observed` is false (CNY) */
      'monthly_sequences@1:amount_paid': 'ARRAY<DECIMAL>';
      /** Principal of loans on book and statement balances at the end of the month; one value a month, newest first, NULL where the mask `observed` is false (CNY) */
      'monthly_sequences@1:balance': 'ARRAY<DECIMAL>';
      /** Balance at the last month end less that 6 months before; NULL where one is not observed (CNY) */
      'monthly_sequences@1:balance_change_6m': 'DECIMAL';
      /** Month ends of the last 12 at DPD 0 after a month end past due (cures) */
      'monthly_sequences@1:cures_12m': 'INT32';
      /** Month ends of the last 24 at DPD 0 after a month end past due (cures) */
      'monthly_sequences@1:cures_24m': 'INT32';
      /** Month ends of the last 3 at DPD 0 after a month end past due (cures) */
      'monthly_sequences@1:cures_3m': 'INT32';
      /** Month ends of the last 6 at DPD 0 after a month end past due (cures) */
      'monthly_sequences@1:cures_6m': 'INT32';
      /** Most days late of the instalments due in the month, early ones negative down to -10; NULL also where none was due; one value a month, newest first, NULL where the mask `observed` is false (days) */
      'monthly_sequences@1:days_late': 'ARRAY<INT32>';
      /** DPD at the end of the month; one value a month, newest first, NULL where the mask `observed` is false (days) */
      'monthly_sequences@1:dpd': 'ARRAY<INT32>';
      /** Mean DPD at the newest 3 month ends less that of the 3 before; NULL unless all 6 are observed (days) */
      'monthly_sequences@1:dpd_trend_6m': 'FLOAT64';
      /** Most observed months in a row without a day past due (months) */
      'monthly_sequences@1:longest_on_time_months': 'INT32';
      /** Highest DPD on any day of the month; one value a month, newest first, NULL where the mask `observed` is false (days) */
      'monthly_sequences@1:max_dpd': 'ARRAY<INT32>';
      /** Highest DPD on any day of 12 months; NULL where none is observed (days) */
      'monthly_sequences@1:max_dpd_12m': 'INT32';
      /** Highest DPD on any day of 24 months; NULL where none is observed (days) */
      'monthly_sequences@1:max_dpd_24m': 'INT32';
      /** Highest DPD on any day of 3 months; NULL where none is observed (days) */
      'monthly_sequences@1:max_dpd_3m': 'INT32';
      /** Highest DPD on any day of 6 months; NULL where none is observed (days) */
      'monthly_sequences@1:max_dpd_6m': 'INT32';
      /** Mean DPD at the ends of the observed of 12 months; NULL without one (days) */
      'monthly_sequences@1:mean_dpd_12m': 'FLOAT64';
      /** Mean DPD at the ends of the observed of 24 months; NULL without one (days) */
      'monthly_sequences@1:mean_dpd_24m': 'FLOAT64';
      /** Mean DPD at the ends of the observed of 3 months; NULL without one (days) */
      'monthly_sequences@1:mean_dpd_3m': 'FLOAT64';
      /** Mean DPD at the ends of the observed of 6 months; NULL without one (days) */
      'monthly_sequences@1:mean_dpd_6m': 'FLOAT64';
      /** Months of the 24 that are observed (months) */
      'monthly_sequences@1:months_observed': 'INT32';
      /** Months since the newest with DPD >= 1 on any day (0: the last one); NULL without one in 24 (months) */
      'monthly_sequences@1:months_since_1plus': 'INT32';
      /** Months since the newest with DPD >= 30 on any day (0: the last one); NULL without one in 24 (months) */
      'monthly_sequences@1:months_since_30plus': 'INT32';
      /** Months since the newest with DPD >= 60 on any day (0: the last one); NULL without one in 24 (months) */
      'monthly_sequences@1:months_since_60plus': 'INT32';
      /** The mask of all sequences here: whether the month has a loan snapshot or a statement, newest first */
      'monthly_sequences@1:observed': 'ARRAY<BOOLEAN>';
      /** Observed months without a day past due since the newest with one; unobserved ones do not count (months) */
      'monthly_sequences@1:on_time_months': 'INT32';
      /** amount_paid / amount_due; above 1 where arrears were paid; NULL also where nothing was due; one value a month, newest first, NULL where the mask `observed` is false (fraction) */
      'monthly_sequences@1:paid_ratio': 'ARRAY<FLOAT64>';
      /** Cash paid over what fell due in 12 months; NULL without a due (fraction) */
      'monthly_sequences@1:paid_ratio_12m': 'FLOAT64';
      /** Cash paid over what fell due in 24 months; NULL without a due (fraction) */
      'monthly_sequences@1:paid_ratio_24m': 'FLOAT64';
      /** Cash paid over what fell due in 3 months; NULL without a due (fraction) */
      'monthly_sequences@1:paid_ratio_3m': 'FLOAT64';
      /** Cash paid over what fell due in 6 months; NULL without a due (fraction) */
      'monthly_sequences@1:paid_ratio_6m': 'FLOAT64';
      /** Whether an instalment due in the month was paid in parts, or in part so far; one value a month, newest first, NULL where the mask `observed` is false */
      'monthly_sequences@1:partial': 'ARRAY<BOOLEAN>';
      /** Different products with a loan on book at the end of the month, or a statement; one value a month, newest first, NULL where the mask `observed` is false (products) */
      'monthly_sequences@1:products_open': 'ARRAY<INT32>';
      /** Month ends of the last 12 in a better bucket than before, cures too (rolls) */
      'monthly_sequences@1:rolls_back_12m': 'INT32';
      /** Month ends of the last 24 in a better bucket than before, cures too (rolls) */
      'monthly_sequences@1:rolls_back_24m': 'INT32';
      /** Month ends of the last 3 in a better bucket than before, cures too (rolls) */
      'monthly_sequences@1:rolls_back_3m': 'INT32';
      /** Month ends of the last 6 in a better bucket than before, cures too (rolls) */
      'monthly_sequences@1:rolls_back_6m': 'INT32';
      /** Month ends of the last 12 in a worse bucket than the month end before (rolls) */
      'monthly_sequences@1:rolls_forward_12m': 'INT32';
      /** Month ends of the last 24 in a worse bucket than the month end before (rolls) */
      'monthly_sequences@1:rolls_forward_24m': 'INT32';
      /** Month ends of the last 3 in a worse bucket than the month end before (rolls) */
      'monthly_sequences@1:rolls_forward_3m': 'INT32';
      /** Month ends of the last 6 in a worse bucket than the month end before (rolls) */
      'monthly_sequences@1:rolls_forward_6m': 'INT32';
      /** Months of the last 12 in which less cash was paid than fell due (months) */
      'monthly_sequences@1:short_paid_months_12m': 'INT32';
      /** Months of the last 12 with DPD >= 1 on any day (months) */
      'monthly_sequences@1:times_1plus_12m': 'INT32';
      /** Months of the last 24 with DPD >= 1 on any day (months) */
      'monthly_sequences@1:times_1plus_24m': 'INT32';
      /** Months of the last 3 with DPD >= 1 on any day (months) */
      'monthly_sequences@1:times_1plus_3m': 'INT32';
      /** Months of the last 6 with DPD >= 1 on any day (months) */
      'monthly_sequences@1:times_1plus_6m': 'INT32';
      /** Months of the last 12 with DPD >= 30 on any day (months) */
      'monthly_sequences@1:times_30plus_12m': 'INT32';
      /** Months of the last 24 with DPD >= 30 on any day (months) */
      'monthly_sequences@1:times_30plus_24m': 'INT32';
      /** Months of the last 3 with DPD >= 30 on any day (months) */
      'monthly_sequences@1:times_30plus_3m': 'INT32';
      /** Months of the last 6 with DPD >= 30 on any day (months) */
      'monthly_sequences@1:times_30plus_6m': 'INT32';
      /** Months of the last 12 with DPD >= 60 on any day (months) */
      'monthly_sequences@1:times_60plus_12m': 'INT32';
      /** Months of the last 24 with DPD >= 60 on any day (months) */
      'monthly_sequences@1:times_60plus_24m': 'INT32';
      /** Months of the last 3 with DPD >= 60 on any day (months) */
      'monthly_sequences@1:times_60plus_3m': 'INT32';
      /** Months of the last 6 with DPD >= 60 on any day (months) */
      'monthly_sequences@1:times_60plus_6m': 'INT32';
      /** Used over granted of ACTIVE lines and of statements at the end of the month, never capped; NULL also without a limit; one value a month, newest first, NULL where the mask `observed` is false (fraction) */
      'monthly_sequences@1:utilization': 'ARRAY<FLOAT64>';
      /** Utilization at the last month end less that 6 months before; NULL without one of them (fraction) */
      'monthly_sequences@1:utilization_change_6m': 'FLOAT64';
      /** Highest utilization at a month end of 12 months; NULL without one (fraction) */
      'monthly_sequences@1:utilization_max_12m': 'FLOAT64';
      /** Mean utilization at the month ends of 6 months that have one; NULL without one (fraction) */
      'monthly_sequences@1:utilization_mean_6m': 'FLOAT64';
      /** Share of the paid ones among the last 6 instalments that AUTO_DEBIT completed; NULL when none is paid (fraction) */
      'payment_rhythm@1:auto_debit_share': 'FLOAT64';
      /** Payments by COLLECTION in the last 6 months (payments) */
      'payment_rhythm@1:collected_payments_6m': 'INT32';
      /** Days late of the last 12 instalments of the 12 months, newest first; NULL where there were fewer (days) */
      'payment_rhythm@1:days_late': 'ARRAY<INT32>';
      /** Local days from the newest payment of cash to the as-of day; NULL without one in 12 months (days) */
      'payment_rhythm@1:days_since_payment': 'INT32';
      /** due_next_30d / registered monthly income; NULL without an income above 0 (fraction) */
      'payment_rhythm@1:debt_service_ratio': 'FLOAT64';
      /** Principal, interest and fee of the instalments due from the as-of day to 29 days later, on loans that are not closed, as the schedule now in force says; what was paid ahead is not taken off (CNY) */
      'payment_rhythm@1:due_next_30d': 'DECIMAL';
      /** Instalments that fell due in the last 12 months (instalments) */
      'payment_rhythm@1:instalments_due': 'INT32';
      /** Days late of the newest instalment (days) */
      'payment_rhythm@1:last_days_late': 'INT32';
      /** Number of the last 6 instalments that were late by a day or more (instalments) */
      'payment_rhythm@1:late_instalments': 'INT32';
      /** Mean days late of the newest 3 instalments less that of the 3 before; NULL with fewer than 6 (days) */
      'payment_rhythm@1:lateness_trend': 'FLOAT64';
      /** Most days late of the last 6 instalments (days) */
      'payment_rhythm@1:max_days_late': 'INT32';
      /** Mean days late of the last 6 instalments, early ones negative; NULL before the first due day (days) */
      'payment_rhythm@1:mean_days_late': 'FLOAT64';
      /** Share of the last 6 instalments that were fully paid before the due day (fraction) */
      'payment_rhythm@1:paid_early_share': 'FLOAT64';
      /** Number of the last 6 instalments that were paid in more than one part, or in part so far (instalments) */
      'payment_rhythm@1:partial_instalments': 'INT32';
      /** Payments taken back (REVERSAL) in the last 6 months (payments) */
      'payment_rhythm@1:reversals_6m': 'INT32';
      /** Highest DPD over the loans at their newest snapshot of the last 31 days, without loans, of the newest statement of the last 62 days (days) */
      'repayment_history@1:current_dpd': 'INT32';
      /** DPD at the end of each of the last 24 complete months, newest first; 0 too where nothing was on book (months_observed tells how many were) (days) */
      'repayment_history@1:dpd_sequence': 'ARRAY<INT32>';
      /** Highest DPD at the last 12 month ends; NULL when none is observed (days) */
      'repayment_history@1:max_dpd_12m': 'INT32';
      /** Highest DPD at the last 3 month ends; NULL when none is observed (days) */
      'repayment_history@1:max_dpd_3m': 'INT32';
      /** Highest DPD at the last 6 month ends; NULL when none is observed (days) */
      'repayment_history@1:max_dpd_6m': 'INT32';
      /** Month ends of the last 24 that have a snapshot or a statement (months) */
      'repayment_history@1:months_observed': 'INT32';
      /** Months since the newest month end with DPD >= 30 (0: the last one); NULL when there is none in 24 months (months) */
      'repayment_history@1:months_since_last_30plus': 'INT32';
      /** Observed month ends with DPD 0 since the newest one with DPD > 0; months without a row neither count nor break (months) */
      'repayment_history@1:on_time_streak': 'INT32';
      /** Cash paid (no waiver, no penalty) over what fell due in the last 6 complete months: instalments under the schedule in force on their due date, and statements (paid in a month over the balance of the month before). Above 1 where arrears or later instalments were paid; NULL when nothing fell due (fraction) */
      'repayment_history@1:paid_ratio_6m': 'FLOAT64';
      /** Used over granted, summed over ACTIVE credit lines (principal outstanding of their loans) and statement products (newest balance, floored at 0); never capped; NULL without a limit above 0 (fraction) */
      'repayment_history@1:utilization': 'FLOAT64';
      /** Highest DPD over the loans on book (CURRENT or OVERDUE) at their newest snapshot of the last 31 days; without one, of the newest statement of the last 62 days; NULL without either (days) */
      'repayment_history@2:current_dpd': 'INT32';
      /** DPD at the end of each of the last 24 complete months, newest first; 0 too where nothing was on book (months_observed tells how many were) (days) */
      'repayment_history@2:dpd_sequence': 'ARRAY<INT32>';
      /** Highest DPD at the last 12 month ends; NULL when none is observed (days) */
      'repayment_history@2:max_dpd_12m': 'INT32';
      /** Highest DPD at the last 3 month ends; NULL when none is observed (days) */
      'repayment_history@2:max_dpd_3m': 'INT32';
      /** Highest DPD at the last 6 month ends; NULL when none is observed (days) */
      'repayment_history@2:max_dpd_6m': 'INT32';
      /** Month ends of the last 24 that have a snapshot or a statement (months) */
      'repayment_history@2:months_observed': 'INT32';
      /** Months since the newest month end with DPD >= 30 (0: the last one); NULL when there is none in 24 months (months) */
      'repayment_history@2:months_since_last_30plus': 'INT32';
      /** Observed month ends with DPD 0 since the newest one with DPD > 0; months without a row neither count nor break (months) */
      'repayment_history@2:on_time_streak': 'INT32';
      /** Cash paid (no waiver, no penalty) over what fell due in the last 6 complete months: instalments under the schedule in force on their due date, and statements (paid in a month over the balance of the month before). Above 1 where arrears or later instalments were paid; NULL when nothing fell due (fraction) */
      'repayment_history@2:paid_ratio_6m': 'FLOAT64';
      /** Used over granted, summed over ACTIVE credit lines (principal outstanding of their loans on book) and statement products (newest balance, floored at 0); never capped; NULL without a limit above 0 (fraction) */
      'repayment_history@2:utilization': 'FLOAT64';
      /** Full years of age on the last complete day (years) */
      'statement_history@1:age': 'INT32';
      /** Paid in the month, towards the month before's balance, summed over products, one value a month, newest first: element 0 is the last complete calendar month; NULL without a statement (CNY) */
      'statement_history@1:amount_paid': 'ARRAY<DECIMAL>';
      /** Limit on the newest statements of the window, summed over products (CNY) */
      'statement_history@1:credit_limit': 'DECIMAL';
      /** Months past due as the statement says it, highest over products; 0 and below: none, one value a month, newest first: element 0 is the last complete calendar month; NULL without a statement (months) */
      'statement_history@1:delinquency': 'ARRAY<INT32>';
      /** As registered: 'graduate_school', 'university', 'high_school', 'other', … */
      'statement_history@1:education': 'STRING';
      /** As registered: 'male', 'female'; never an input of a credit decision */
      'statement_history@1:gender': 'STRING';
      /** As registered: 'married', 'single', 'other'; never an input of a credit decision */
      'statement_history@1:marital_status': 'STRING';
      /** Months of the six that have a statement (months) */
      'statement_history@1:months_observed': 'INT32';
      /** Balance, summed over products, may be negative, one value a month, newest first: element 0 is the last complete calendar month; NULL without a statement (CNY) */
      'statement_history@1:statement_balance': 'ARRAY<DECIMAL>';
      /** Newest balance, floored at 0 a product, over that limit; never capped; NULL without a limit above 0 (fraction) */
      'statement_history@1:utilization': 'FLOAT64';
      /** Band of the points */
      'uci_default_score@1:band': 'STRING';
      /** The score in points; high = safe (points) */
      'uci_default_score@1:points': 'INT32';
      /** Probability of bad that the model gives (fraction) */
      'uci_default_score@1:probability': 'FLOAT64';
    };
  }
}
