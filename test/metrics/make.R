# Makes survival.csv and concordance.csv of this folder: Harrell's C as R's package
# survival computes it.  Debian 12: r-cran-survival 3.5.
#
#     Rscript make.R

library(survival)
set.seed(20240917)

write_case <- function(name, score, months, event)
{
	value <- concordance(Surv(months, event) ~ score, reverse = TRUE)$concordance
	write.table(data.frame(name, format(score, digits = 17, trim = TRUE), format(months, digits = 17, trim = TRUE), ifelse(event, "t", "f")),
		"survival.csv", append = TRUE, sep = ",", quote = FALSE, row.names = FALSE, col.names = FALSE)
	write.table(data.frame(name, format(value, digits = 17)),
		"concordance.csv", append = TRUE, sep = ",", quote = FALSE, row.names = FALSE, col.names = FALSE)
}

unlink(c("survival.csv", "concordance.csv"))
n <- 300
score <- runif(n)
months <- rexp(n, 0.02 + 0.1 * score)
write_case("continuous", score, months, runif(n) < 0.6)
write_case("no censoring", score, months, rep(TRUE, n))
write_case("tied months", score, ceiling(months), runif(n) < 0.6)
write_case("tied scores", round(score, 1), months, runif(n) < 0.6)
write_case("all tied", round(score, 1), pmin(ceiling(months / 3), 6), runif(n) < 0.4)
write_case("few failures", score, rep(18, n) - (runif(n) < 0.05) * sample(1:17, n, TRUE), runif(n) < 0.05)
write_case("constant", rep(0.5, n), months, runif(n) < 0.5)
write_case("small", c(0.9, 0.8, 0.7, 0.6, 0.7), c(2, 2, 3, 5, 2), c(TRUE, TRUE, FALSE, TRUE, FALSE))
