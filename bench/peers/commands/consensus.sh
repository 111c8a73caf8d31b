#!/usr/bin/env bash
# Personal FASTA as the published pipelines make it: samtools faidx piped into bcftools consensus, one by one.
#   consensus.sh FASTA VCF REGIONS PEOPLE OUT
set -euo pipefail
while IFS=$'\t' read -r name chrom start end; do
  while read -r person; do
    for copy in 1 2; do
      echo ">$name|$person|$copy"
      samtools faidx "$1" "$chrom:$((start + 1))-$end" |
        bcftools consensus -H "$copy" -s "$person" "$2" 2>/dev/null | tail -n +2
    done
  done <"$4"
done <"$3" >"$5"
