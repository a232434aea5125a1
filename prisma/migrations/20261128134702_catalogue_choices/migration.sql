-- AlterTable
ALTER TABLE "datastore" ADD COLUMN     "default_version_id" TEXT;

-- AlterTable
ALTER TABLE "datastore_version" ADD COLUMN     "deprecated" BOOLEAN,
ADD COLUMN     "removed_at" TIMESTAMPTZ(3),
ADD COLUMN     "revision" INTEGER NOT NULL DEFAULT 1,
ADD COLUMN     "visibility" TEXT NOT NULL DEFAULT 'PUBLIC';

-- AlterTable
ALTER TABLE "flavor" ADD COLUMN     "deleted_at" TIMESTAMPTZ(3);

-- CreateTable
CREATE TABLE "datastore_version_project" (
    "version_id" TEXT NOT NULL,
    "project_id" TEXT NOT NULL,

    CONSTRAINT "datastore_version_project_pkey" PRIMARY KEY ("version_id","project_id")
);

-- CreateTable
CREATE TABLE "datastore_version_flavor" (
    "version_id" TEXT NOT NULL,
    "flavor_id" TEXT NOT NULL,

    CONSTRAINT "datastore_version_flavor_pkey" PRIMARY KEY ("version_id","flavor_id")
);

-- CreateIndex
CREATE INDEX "datastore_version_project_project_id_idx" ON "datastore_version_project"("project_id");

-- CreateIndex
CREATE INDEX "datastore_version_flavor_flavor_id_idx" ON "datastore_version_flavor"("flavor_id");

-- AddForeignKey
ALTER TABLE "datastore_version_project" ADD CONSTRAINT "datastore_version_project_version_id_fkey" FOREIGN KEY ("version_id") REFERENCES "datastore_version"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "datastore_version_project" ADD CONSTRAINT "datastore_version_project_project_id_fkey" FOREIGN KEY ("project_id") REFERENCES "project"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "datastore_version_flavor" ADD CONSTRAINT "datastore_version_flavor_version_id_fkey" FOREIGN KEY ("version_id") REFERENCES "datastore_version"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "datastore_version_flavor" ADD CONSTRAINT "datastore_version_flavor_flavor_id_fkey" FOREIGN KEY ("flavor_id") REFERENCES "flavor"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
