import type {
	ColumnType,
	Generated,
	GeneratedAlways,
	JSONColumnType,
} from "kysely";
import type { Origin } from "../../audit/rules.ts";
import type {
	Assessment,
	RiskLevel,
} from "../../checklist/assessment-schema.ts";
import type { Permission } from "../../core/words.ts";
import type { ReportStatus } from "../../features/reports/schema.ts";
import type { Person } from "../../identity/identity.ts";

/** The tables, as Kysely knows them. */
export interface Tables {
	mcp_server_reports: ReportsTable;
	report_decisions: ReportDecisionsTable;
	report_counts: ReportCountsTable;
	mcp_servers: ServersTable;
	people: PeopleTable;
	access_tokens: AccessTokensTable;
	sessions: SessionsTable;
	used_logout_tokens: UsedLogoutTokensTable;
	provider_logouts: ProviderLogoutsTable;
	report_approvals: ReportApprovalsTable;
	decision_confirmations: DecisionConfirmationsTable;
	audit_log: AuditLogTable;
	audit_head: AuditHeadTable;
	audit_addresses: AuditAddressesTable;
	audit_address_key: AuditAddressKeyTable;
	audit_reads: AuditReadsTable;
}

/** `mcp_server_reports`: see db/schema.sql. */
export interface ReportsTable {
	id: Generated<string>;
	server_name: string;
	repository_url: string;
	repository_key: string;
	canonical_key: Generated<string>;
	subfolder: string | null;
	subfolder_key: Generated<string>;
	beside_live_report: Generated<boolean>;
	revision: number;
	developer_email: string;
	report_data: string;
	report_json: JSONColumnType<
		Record<string, unknown> | null,
		string | null,
		never
	>;
	content_sha256: string;
	status: Generated<ReportStatus>;
	submitted_at: Generated<string>;
	reviewed_at: string | null;
	reviewed_by: string | null;
	review_notes: string | null;
	assessment: JSONColumnType<Assessment | null, string | null, string>;
	checklist_version: GeneratedAlways<string | null>;
	risk_level: GeneratedAlways<RiskLevel>;
	trifecta: GeneratedAlways<Assessment["trifecta"]["combination"]>;
	completeness: GeneratedAlways<number | null>;
	error_count: GeneratedAlways<number | null>;
	critical_failures: GeneratedAlways<number | null>;
	critical_unanswered: GeneratedAlways<number | null>;
	risk_rank: GeneratedAlways<number>;
	finding_rules: GeneratedAlways<string[] | null>;
	search_text: GeneratedAlways<string>;
	approvals: Generated<number>;
	submitter_canonical: string | null;
	owner_issuer: string | null;
	owner_sub: string | null;
	claimed_at: Generated<string | null>;
	approvals_required: number | null;
	decision_count: Generated<number>;
}

/** `report_decisions`: see db/schema.sql. */
export interface ReportDecisionsTable {
	id: GeneratedAlways<number>;
	report_id: string;
	from_status: ReportStatus;
	to_status: ReportStatus;
	decided_by: string;
	notes: string | null;
	decided_at: Generated<string>;
	decided_by_subject: string | null;
}

/** `report_counts`, kept by triggers: see db/schema.sql. */
export interface ReportCountsTable {
	shard: number;
	status: ReportStatus;
	risk_level: RiskLevel;
	trifecta: Assessment["trifecta"]["combination"];
	has_errors: boolean | null;
	reports: string;
}

/** `mcp_servers`, kept by triggers: see db/schema.sql. */
export interface ServersTable {
	canonical_key: string;
	subfolder_key: string;
	status: ReportStatus;
	newest_report_id: string;
	newest_submitted_at: string;
	live_report_id: string | null;
}

/** `people`: see db/schema.sql. */
export interface PeopleTable extends Omit<Person, "email_canonical"> {
	email_canonical: string | null;
	seen_at: Generated<string>;
}

/** `access_tokens`: see db/schema.sql. */
export interface AccessTokensTable {
	id: Generated<string>;
	owner_subject: string | null;
	service_owner: string | null;
	name: string;
	token_sha256: string;
	scopes: Permission[];
	created_at: Generated<string>;
	expires_at: string;
	last_used_at: string | null;
	revoked_at: string | null;
	revoked_by: string | null;
}

/** `sessions`: see db/schema.sql. */
export interface SessionsTable {
	session_sha256: string;
	subject: string;
	created_at: Generated<string>;
	expires_at: string;
	id: Generated<string>;
	last_seen_at: Generated<string>;
	client: string | null;
	provider_session: string | null;
	issuer: GeneratedAlways<string>;
}

/** `used_logout_tokens`: see db/schema.sql. */
export interface UsedLogoutTokensTable {
	token_sha256: string;
	expires_at: string;
}

/** `provider_logouts`: see db/schema.sql. */
export interface ProviderLogoutsTable {
	id: GeneratedAlways<number>;
	issuer: string;
	subject: string | null;
	sid: string | null;
	logged_out_at: string;
}

/** `report_approvals`: see db/schema.sql. */
export interface ReportApprovalsTable {
	id: GeneratedAlways<number>;
	report_id: string;
	round: number;
	approved_by: string;
	approver_subject: string;
	approver_canonical: string | null;
	notes: string | null;
	approved_at: Generated<string>;
}

/** `decision_confirmations`: see db/schema.sql. */
export interface DecisionConfirmationsTable {
	token_sha256: string;
	report_id: string;
	status: ReportStatus;
	notes: string | null;
	requested_by_subject: string;
	client: string | null;
	requested_at: Generated<string>;
	expires_at: string;
	used_at: string | null;
}

/** `audit_log`; a trigger computes the generated columns: see db/schema.sql. */
export interface AuditLogTable extends Omit<Origin, "service_request_id"> {
	seq: GeneratedAlways<string>;
	time: GeneratedAlways<string>;
	/** `null` in rows from before the column existed. */
	service_request_id: ColumnType<string | null, string, never>;
	action: string;
	report_id: string | null;
	target: string | null;
	before: Facts;
	after: Facts;
	address_hash: GeneratedAlways<string | null>;
	previous_hash: GeneratedAlways<string>;
	hash: GeneratedAlways<string>;
}

type Facts = JSONColumnType<
	Record<string, string> | null,
	string | null,
	never
>;

/** `audit_addresses`, filled by a trigger: see db/schema.sql. */
export interface AuditAddressesTable {
	seq: GeneratedAlways<string>;
	address: GeneratedAlways<string>;
	time: GeneratedAlways<string>;
}

/** `audit_address_key`: see db/schema.sql. */
export interface AuditAddressKeyTable {
	key: GeneratedAlways<Buffer>;
}

/** `audit_reads`: see db/schema.sql. */
export interface AuditReadsTable {
	hour: number;
	reader: string;
	report_id: string | null;
}

/** `audit_head`, moved by a trigger: see db/schema.sql. */
export interface AuditHeadTable {
	seq: GeneratedAlways<string>;
	hash: GeneratedAlways<string>;
}
