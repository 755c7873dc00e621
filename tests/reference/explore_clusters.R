# Numbers for test_permutations_reference.py and test_clusters_reference.py: one row each, its name first.
# Rscript explore_clusters.R <folder with data.csv and col_gal.gal> > explore_clusters.txt
suppressMessages(library(spdep))
folder <- commandArgs(trailingOnly = TRUE)[1]
data <- read.csv(file.path(folder, "data.csv"))
neighbours <- read.gal(file.path(folder, "col_gal.gal"), region.id = data$id)
weights <- nb2listw(neighbours, style = "W")
x <- data$CRIME

set.seed(20240601)
# localmoran_perm of this version draws neighbours with replacement (sample(..., replace = TRUE)), which is no permutation
# and widens the distribution; here the draw is without.
draws <- 9999
centred <- x - mean(x)
local <- sapply(seq_along(x), function(i) {
  sums <- replicate(draws, sum(sample(centred[-i], length(neighbours[[i]]))))
  own <- sum(centred[neighbours[[i]]])
  min(1, 2 * min(sum(sums <= own + 1e-9) + 1, sum(sums >= own - 1e-9) + 1) / (draws + 1))
})
global <- moran.mc(x, weights, nsim = 9999, alternative = "greater")
hoval <- moran.mc(data$HOVAL, weights, nsim = 9999, alternative = "greater")
hoval_geary <- geary.mc(data$HOVAL, weights, nsim = 9999, alternative = "greater")

# Rousseeuw's silhouette, from its definition
silhouette <- function(groups, distances) {
  distances <- as.matrix(distances)
  sapply(seq_along(groups), function(i) {
    own <- setdiff(which(groups == groups[i]), i)
    if (!length(own)) return(0)
    a <- mean(distances[i, own])
    b <- min(sapply(setdiff(unique(groups), groups[i]), function(g) mean(distances[i, groups == g])))
    (b - a) / max(a, b)
  })
}

z <- scale(data[, c("CRIME", "INC", "HOVAL")])
best <- lapply(2:5, function(k) { set.seed(1); kmeans(z, k, iter.max = 100, nstart = 500) })
tree <- hclust(dist(z), method = "ward.D2")
cut <- cutree(tree, 4)
row <- function(name, ...) cat(name, format(c(...), digits = 15, trim = TRUE, scientific = FALSE), "\n")

cat("software R", as.character(getRversion()), "spdep", as.character(packageVersion("spdep")), "\n")
row("local_moran_p", local)
row("moran_p", global$p.value, hoval$p.value)
row("geary_p", hoval_geary$p.value)
row("k_means_within", sapply(best, function(b) b$tot.withinss))
row("k_means_silhouette", sapply(best, function(b) mean(silhouette(b$cluster, dist(z)))))
row("k_means_3", best[[2]]$cluster)
row("ward_heights", tree$height)
row("ward_4", cut)
row("ward_silhouette_4", silhouette(cut, dist(z)))
