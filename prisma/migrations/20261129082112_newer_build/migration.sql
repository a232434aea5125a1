-- AlterTable
ALTER TABLE "instance" ADD COLUMN     "newer_build" JSONB;
