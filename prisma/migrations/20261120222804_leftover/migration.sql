-- CreateTable
CREATE TABLE "leftover" (
    "instance_id" TEXT NOT NULL,
    "host_id" TEXT NOT NULL,
    "epoch" BIGINT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "leftover_pkey" PRIMARY KEY ("instance_id")
);
