-- AlterTable
ALTER TABLE "instance" ADD COLUMN     "configuration_id" TEXT,
ADD COLUMN     "configuration_revision" INTEGER;

-- CreateTable
CREATE TABLE "configuration" (
    "id" TEXT NOT NULL,
    "project_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "description" TEXT,
    "datastore" TEXT NOT NULL,
    "track" TEXT NOT NULL,
    "version_id" TEXT NOT NULL,
    "revision" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "deleted_at" TIMESTAMPTZ(3),

    CONSTRAINT "configuration_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "configuration_revision" (
    "configuration_id" TEXT NOT NULL,
    "revision" INTEGER NOT NULL,
    "values" JSON NOT NULL,
    "actor" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "change" TEXT NOT NULL,
    "origin" TEXT,

    CONSTRAINT "configuration_revision_pkey" PRIMARY KEY ("configuration_id","revision")
);

-- CreateIndex
CREATE INDEX "configuration_project_id_id_idx" ON "configuration"("project_id", "id");

-- AddForeignKey
ALTER TABLE "configuration_revision" ADD CONSTRAINT "configuration_revision_configuration_id_fkey" FOREIGN KEY ("configuration_id") REFERENCES "configuration"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- What Prisma's schema cannot say.

-- A deleted group gives its name back.
CREATE UNIQUE INDEX "configuration_project_id_name_key" ON "configuration"("project_id", "name") WHERE "deleted_at" IS NULL;

-- The instances of a group.
CREATE INDEX "instance_configuration_id_idx" ON "instance"("configuration_id", "id") WHERE "configuration_id" IS NOT NULL AND "deleted_at" IS NULL;

-- The children of an operation.
CREATE INDEX "operation_parent_id_idx" ON "operation"("parent_id") WHERE "parent_id" IS NOT NULL;

-- The document of an instance tells its group: the id and the wanted revision, not the name, which would have to follow a renaming.
CREATE OR REPLACE FUNCTION "instance_document"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  SELECT row_to_json(d) INTO NEW."document" FROM (SELECT
    NEW.id AS "id",
    NEW.project_id AS "projectId",
    NEW.name AS "name",
    NEW.datastore AS "datastore",
    NEW.track AS "track",
    NEW.version_id AS "versionId",
    NEW.build_id AS "buildId",
    NEW.build_version AS "buildVersion",
    NEW.flavor_id AS "flavorId",
    NEW.volume_gb AS "volumeGb",
    NEW.volume_type AS "volumeType",
    NEW.volume_used_bytes AS "volumeUsedBytes",
    NEW.host_id AS "hostId",
    NEW.region AS "region",
    NEW.zone AS "zone",
    NEW.intent AS "intent",
    NEW.status AS "status",
    NEW.role AS "role",
    NEW.conditions AS "conditions",
    NEW.endpoints AS "endpoints",
    NEW.task AS "task",
    NEW.fault AS "fault",
    NEW.agent->'capabilities' AS "capabilities",
    NEW.root_enabled_ever AS "rootEnabledEver",
    NEW.deletion_protection AS "deletionProtection",
    NEW.maintenance AS "maintenance",
    NEW.tags AS "tags",
    NEW.engine_ca AS "caCertificate",
    CASE WHEN NEW.configuration_id IS NOT NULL THEN json_build_object('id', NEW.configuration_id, 'revision', NEW.configuration_revision) END AS "configuration",
    NEW.revision AS "revision",
    to_char(NEW.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS "createdAt",
    to_char(NEW.updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS "updatedAt",
    to_char(NEW.deleted_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS "deletedAt"
  ) d;
  RETURN NEW;
END
$$;

CREATE OR REPLACE TRIGGER "instance_document" BEFORE INSERT OR UPDATE OF
  "id", "project_id", "name", "datastore", "track", "version_id", "build_id", "build_version", "flavor_id",
  "volume_gb", "volume_type", "volume_used_bytes", "host_id", "region", "zone", "intent", "status", "role",
  "conditions", "endpoints", "task", "fault", "agent", "root_enabled_ever", "deletion_protection", "maintenance",
  "tags", "engine_ca", "configuration_id", "configuration_revision", "revision", "created_at", "updated_at", "deleted_at"
ON "instance" FOR EACH ROW EXECUTE FUNCTION "instance_document"();

UPDATE "instance" SET "id" = "id";
