namespace DpSpark.Core.Accounting;

/// <summary>Divides a mu among Gaussian mechanisms of unit L2 sensitivity: sigma_i = 1/mu_i with the sum of mu_i^2 equal to mu^2, which is exact composition.</summary>
public static class GaussianSplit
{
    /// <summary>mu_i in proportion to weights.</summary>
    /// <param name="mu">The whole.</param>
    /// <param name="weights">Above 0.</param>
    /// <returns>The standard deviations.</returns>
    public static double[] ByWeights(double mu, IReadOnlyList<double> weights)
    {
        ArgumentNullException.ThrowIfNull(weights);
        double norm = GaussianPrivacy.Compose(weights);
        double[] sigmas = new double[weights.Count];
        for (int i = 0; i < sigmas.Length; i++)
        {
            sigmas[i] = norm / (mu * weights[i]);
        }

        return sigmas;
    }

    /// <summary>The split that minimises the sum of cost_i sigma_i^2: mu_i^2 in proportion to sqrt(cost_i) (Lagrange).</summary>
    /// <param name="mu">The whole.</param>
    /// <param name="costs">Above 0.</param>
    /// <returns>The standard deviations.</returns>
    public static double[] ByCosts(double mu, IReadOnlyList<double> costs)
    {
        ArgumentNullException.ThrowIfNull(costs);
        double[] weights = new double[costs.Count];
        for (int i = 0; i < weights.Length; i++)
        {
            weights[i] = Math.Sqrt(Math.Sqrt(costs[i]));
        }

        return ByWeights(mu, weights);
    }
}
