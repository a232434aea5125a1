-- AlterTable
ALTER TABLE "instance" ADD COLUMN     "volume_autoscaling" JSONB,
ADD COLUMN     "volume_used_at" TIMESTAMPTZ(3),
ADD COLUMN     "wanted_flavor_id" TEXT,
ADD COLUMN     "wanted_volume_gb" INTEGER;

-- The document of an instance tells when its volume's use was measured, and how it grows by itself.
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
    to_char(NEW.volume_used_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS "volumeUsedAt",
    NEW.volume_autoscaling AS "volumeAutoscaling",
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
  "volume_gb", "volume_type", "volume_used_bytes", "volume_used_at", "volume_autoscaling", "host_id", "region", "zone", "intent", "status", "role",
  "conditions", "endpoints", "task", "fault", "agent", "root_enabled_ever", "deletion_protection", "maintenance",
  "tags", "engine_ca", "configuration_id", "configuration_revision", "revision", "created_at", "updated_at", "deleted_at"
ON "instance" FOR EACH ROW EXECUTE FUNCTION "instance_document"();


UPDATE "instance" SET "id" = "id";
