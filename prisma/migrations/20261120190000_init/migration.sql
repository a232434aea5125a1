-- CreateTable
CREATE TABLE "installation" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "trust_domain" TEXT NOT NULL,
    "generation" INTEGER NOT NULL DEFAULT 1,
    "schema_level" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "installation_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "certificate_authority" (
    "id" SERIAL NOT NULL,
    "kind" TEXT NOT NULL,
    "certificate" TEXT NOT NULL,
    "key_sealed" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "not_after" TIMESTAMPTZ(3) NOT NULL,
    "retired_at" TIMESTAMPTZ(3),

    CONSTRAINT "certificate_authority_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "certificate" (
    "serial" TEXT NOT NULL,
    "ca_id" INTEGER NOT NULL,
    "kind" TEXT NOT NULL,
    "subject_id" TEXT NOT NULL,
    "not_after" TIMESTAMPTZ(3) NOT NULL,
    "revoked_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "certificate_pkey" PRIMARY KEY ("serial")
);

-- CreateTable
CREATE TABLE "enrolment_token" (
    "hash" TEXT NOT NULL,
    "instance_id" TEXT NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "used_at" TIMESTAMPTZ(3),
    "csr_key_hash" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "enrolment_token_pkey" PRIMARY KEY ("hash")
);

-- CreateTable
CREATE TABLE "project" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "deleted_at" TIMESTAMPTZ(3),

    CONSTRAINT "project_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "api_token" (
    "id" TEXT NOT NULL,
    "hash" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "project_id" TEXT,
    "role" TEXT NOT NULL,
    "created_by" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3),
    "revoked_at" TIMESTAMPTZ(3),

    CONSTRAINT "api_token_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "datastore" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,

    CONSTRAINT "datastore_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "datastore_version" (
    "id" TEXT NOT NULL,
    "datastore_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "active" BOOLEAN NOT NULL DEFAULT true,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "datastore_version_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "flavor" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "vcpus" DOUBLE PRECISION NOT NULL,
    "memory_mb" INTEGER NOT NULL,

    CONSTRAINT "flavor_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "host" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "region" TEXT NOT NULL,
    "zone" TEXT NOT NULL,
    "facts" JSONB NOT NULL DEFAULT '{}',
    "seen_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "host_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "instance" (
    "id" TEXT NOT NULL,
    "project_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "datastore" TEXT NOT NULL,
    "track" TEXT NOT NULL,
    "version_id" TEXT NOT NULL,
    "build_id" TEXT,
    "build_version" TEXT,
    "flavor_id" TEXT NOT NULL,
    "volume_gb" INTEGER NOT NULL,
    "volume_type" TEXT NOT NULL,
    "volume_used_bytes" BIGINT,
    "host_id" TEXT NOT NULL,
    "region" TEXT NOT NULL,
    "zone" TEXT NOT NULL,
    "intent" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "role" TEXT NOT NULL DEFAULT 'STANDALONE',
    "conditions" JSONB NOT NULL DEFAULT '[]',
    "endpoints" JSONB NOT NULL DEFAULT '[]',
    "task" JSONB,
    "task_id" TEXT,
    "fault" JSONB,
    "observation" JSONB,
    "observed_at" TIMESTAMPTZ(3),
    "incarnation" BIGINT NOT NULL DEFAULT 0,
    "report_counter" BIGINT NOT NULL DEFAULT 0,
    "agent" JSONB,
    "agent_connected" BOOLEAN NOT NULL DEFAULT false,
    "agent_gateway" TEXT,
    "agent_seen_at" TIMESTAMPTZ(3),
    "prepared" BOOLEAN NOT NULL DEFAULT false,
    "released" BOOLEAN NOT NULL DEFAULT false,
    "epoch" BIGINT NOT NULL DEFAULT 0,
    "revision" INTEGER NOT NULL DEFAULT 1,
    "root_enabled_ever" BOOLEAN NOT NULL DEFAULT false,
    "deletion_protection" BOOLEAN NOT NULL DEFAULT false,
    "maintenance" JSONB,
    "tags" JSONB NOT NULL DEFAULT '[]',
    "management_secret" BYTEA NOT NULL,
    "engine_ca" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "deleted_at" TIMESTAMPTZ(3),

    CONSTRAINT "instance_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "port_lease" (
    "host_id" TEXT NOT NULL,
    "port" INTEGER NOT NULL,
    "instance_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,

    CONSTRAINT "port_lease_pkey" PRIMARY KEY ("host_id","port")
);

-- CreateTable
CREATE TABLE "root_history" (
    "id" SERIAL NOT NULL,
    "instance_id" TEXT NOT NULL,
    "actor" TEXT NOT NULL,
    "enabled_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "root_history_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "operation" (
    "id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "workflow_version" INTEGER NOT NULL,
    "subject_id" TEXT NOT NULL,
    "project_id" TEXT,
    "parent_id" TEXT,
    "actor" TEXT NOT NULL,
    "client_address" TEXT,
    "request_id" TEXT,
    "state" TEXT NOT NULL,
    "lock_mode" TEXT NOT NULL,
    "input" JSONB NOT NULL,
    "secrets" BYTEA,
    "step" TEXT,
    "progress" DOUBLE PRECISION NOT NULL DEFAULT 0,
    "attempt" INTEGER NOT NULL DEFAULT 0,
    "version" INTEGER NOT NULL DEFAULT 0,
    "target" TEXT,
    "cancellable" BOOLEAN NOT NULL,
    "fault" JSONB,
    "steps" JSON NOT NULL DEFAULT '[]',
    "journal" JSON NOT NULL DEFAULT '{}',
    "epoch" BIGINT NOT NULL DEFAULT 0,
    "lease_owner" TEXT,
    "lease_until" TIMESTAMPTZ(3),
    "run_after" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "deadline" TIMESTAMPTZ(3) NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "started_at" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "operation_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "subject_lock" (
    "subject_id" TEXT NOT NULL,
    "operation_id" TEXT NOT NULL,
    "mode" TEXT NOT NULL,

    CONSTRAINT "subject_lock_pkey" PRIMARY KEY ("subject_id","operation_id")
);

-- CreateTable
CREATE TABLE "event" (
    "id" BIGSERIAL NOT NULL,
    "xid" BIGINT NOT NULL DEFAULT ((pg_current_xact_id())::text)::bigint,
    "generation" INTEGER NOT NULL DEFAULT 1,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "type" TEXT NOT NULL,
    "phase" TEXT NOT NULL,
    "actor" TEXT NOT NULL,
    "client_address" TEXT,
    "request_id" TEXT,
    "subject" TEXT NOT NULL,
    "project_id" TEXT,
    "operation_id" TEXT,
    "data" JSONB NOT NULL DEFAULT '{}',
    "doc" JSON,

    CONSTRAINT "event_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "event_horizon" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "generation" INTEGER NOT NULL,
    "xid" BIGINT NOT NULL,
    "event_id" BIGINT NOT NULL,
    "pruned_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "event_horizon_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "idempotency_key" (
    "project_id" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "mutation" TEXT NOT NULL,
    "input_hash" TEXT NOT NULL,
    "answer" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "idempotency_key_pkey" PRIMARY KEY ("project_id","mutation","key")
);

-- CreateTable
CREATE TABLE "gateway" (
    "id" TEXT NOT NULL,
    "address" TEXT NOT NULL,
    "enrol_address" TEXT NOT NULL DEFAULT '',
    "roles" TEXT NOT NULL,
    "seen_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "gateway_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "certificate_subject_id_idx" ON "certificate"("subject_id");

-- CreateIndex
CREATE INDEX "enrolment_token_instance_id_idx" ON "enrolment_token"("instance_id");

-- CreateIndex
CREATE UNIQUE INDEX "project_name_key" ON "project"("name");

-- CreateIndex
CREATE UNIQUE INDEX "api_token_hash_key" ON "api_token"("hash");

-- CreateIndex
CREATE INDEX "api_token_project_id_idx" ON "api_token"("project_id");

-- CreateIndex
CREATE UNIQUE INDEX "datastore_name_key" ON "datastore"("name");

-- CreateIndex
CREATE UNIQUE INDEX "datastore_version_datastore_id_name_key" ON "datastore_version"("datastore_id", "name");

-- CreateIndex
CREATE UNIQUE INDEX "flavor_name_key" ON "flavor"("name");

-- CreateIndex
CREATE UNIQUE INDEX "host_name_key" ON "host"("name");

-- CreateIndex
CREATE INDEX "instance_project_id_id_idx" ON "instance"("project_id", "id");

-- CreateIndex
CREATE INDEX "instance_host_id_idx" ON "instance"("host_id");

-- CreateIndex
CREATE INDEX "port_lease_instance_id_idx" ON "port_lease"("instance_id");

-- CreateIndex
CREATE INDEX "root_history_instance_id_idx" ON "root_history"("instance_id");

-- CreateIndex
CREATE INDEX "operation_subject_id_id_idx" ON "operation"("subject_id", "id");

-- CreateIndex
CREATE INDEX "operation_project_id_id_idx" ON "operation"("project_id", "id");

-- CreateIndex
CREATE INDEX "subject_lock_operation_id_idx" ON "subject_lock"("operation_id");

-- CreateIndex
CREATE INDEX "event_xid_id_idx" ON "event"("xid", "id");

-- CreateIndex
CREATE INDEX "event_subject_xid_id_idx" ON "event"("subject", "xid", "id");

-- CreateIndex
CREATE INDEX "event_project_id_xid_id_idx" ON "event"("project_id", "xid", "id");

-- AddForeignKey
ALTER TABLE "api_token" ADD CONSTRAINT "api_token_project_id_fkey" FOREIGN KEY ("project_id") REFERENCES "project"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "datastore_version" ADD CONSTRAINT "datastore_version_datastore_id_fkey" FOREIGN KEY ("datastore_id") REFERENCES "datastore"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "subject_lock" ADD CONSTRAINT "subject_lock_operation_id_fkey" FOREIGN KEY ("operation_id") REFERENCES "operation"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- What Prisma's schema cannot say.

-- One exclusive holder a subject, whoever races.
CREATE UNIQUE INDEX "subject_lock_exclusive_key" ON "subject_lock"("subject_id") WHERE "mode" = 'EXCLUSIVE';

-- A deleted instance gives its name back.
CREATE UNIQUE INDEX "instance_project_id_name_key" ON "instance"("project_id", "name") WHERE "deleted_at" IS NULL;

-- What workers look for; stays small however many operations have ended.
CREATE INDEX "operation_due_idx" ON "operation"("run_after") WHERE "state" IN ('PENDING', 'RUNNING', 'CANCELLING');

-- What the pruner looks for.
CREATE INDEX "event_progress_idx" ON "event"("at") WHERE "phase" = 'PROGRESS';

-- Rows that are rewritten in place: room for the next version on the same page.
ALTER TABLE "operation" SET (fillfactor = 70);
ALTER TABLE "instance" SET (fillfactor = 70);
