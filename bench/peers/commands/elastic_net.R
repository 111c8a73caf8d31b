# Nested cross-validation of an elastic net per gene with cv.glmnet, table to table; the pipelines of PredictDB do this.
#   Rscript elastic_net.R DOSAGES EXPRESSION FOLDS WINDOW OUT     (the tables: gxfast/bench/scripts/elastic_net.py)
suppressMessages(library(glmnet))
args <- commandArgs(TRUE)
header <- strsplit(readLines(args[1], 1), "\t")[[1]]
kinds <- c("character", "character", "integer", rep("integer", length(header) - 3))
dosages <- read.table(args[1], header = TRUE, sep = "\t", colClasses = kinds, check.names = FALSE, comment.char = "")
position <- dosages$pos
matrix <- t(as.matrix(dosages[, -(1:3)]))
expression <- read.table(gzfile(args[2]), header = TRUE, sep = "\t", check.names = FALSE, comment.char = "")
folds <- read.table(args[3], header = TRUE, sep = "\t", check.names = FALSE)
window <- as.integer(args[4])

fit <- function(x, y, inner) {
  cv.glmnet(x, y, alpha = 0.5, foldid = inner + 1, nlambda = 100, lambda.min.ratio = 0.01)
}

out <- file(args[5], "w")
writeLines(paste(c("gene", colnames(expression)[-(1:4)]), collapse = "\t"), out)
for (g in seq_len(nrow(expression))) {
  x <- matrix[, abs(position - 1 - expression$start[g]) <= window, drop = FALSE]
  y <- as.numeric(expression[g, -(1:4)])
  predicted <- numeric(length(y))
  for (k in sort(unique(folds$outer))) {
    held <- folds$outer == k
    net <- fit(x[!held, ], y[!held], folds[!held, paste0("inner_", k)])
    predicted[held] <- predict(net, x[held, , drop = FALSE], s = "lambda.min")[, 1] - mean(y[!held])
  }
  writeLines(paste(c(as.character(expression[g, 4]), format(predicted, digits = 10)), collapse = "\t"), out)
}
close(out)
