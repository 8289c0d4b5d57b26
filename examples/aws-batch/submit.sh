#!/bin/sh
# Segments a scene with AWS Batch: an array job computes parts of it, and a last job merges them.
#
#     sh submit.sh QUEUE PARTS SCENE MODEL MASK
set -eu

[ $# -eq 5 ] || { echo 'usage: sh submit.sh QUEUE PARTS SCENE MODEL MASK' >&2; exit 64; }
here=$(dirname "$0")
for job in parts merge; do aws batch register-job-definition --cli-input-json "file://$here/$job.json" >/dev/null; done
array=$(aws batch submit-job --job-name overtile-parts --job-queue "$1" --job-definition overtile-part \
    --array-properties "size=$2" --parameters "scene=$3,model=$4,mask=$5" --query jobId --output text)
aws batch submit-job --job-name overtile-merge --job-queue "$1" --job-definition overtile-merge \
    --depends-on "jobId=$array" --parameters "mask=$5" --query jobId --output text
