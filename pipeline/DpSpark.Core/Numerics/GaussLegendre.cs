namespace DpSpark.Core.Numerics;

/// <summary>Gauss-Legendre rules: n nodes integrate polynomials of degree 2n-1 exactly.</summary>
public static class GaussLegendre
{
    /// <summary>Nodes and weights on [0, 1].</summary>
    /// <param name="count">Number of nodes, at least 1.</param>
    /// <remarks>Newton's method on the Legendre polynomial from Chebyshev's guesses, which converges for every degree.</remarks>
    public static (double[] Nodes, double[] Weights) OnUnitInterval(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        double[] nodes = new double[count];
        double[] weights = new double[count];
        for (int i = 0; i < count; i++)
        {
            double x = Math.Cos(Math.PI * (i + 0.75) / (count + 0.5));
            double slope = 1;
            for (int iteration = 0; iteration < 100; iteration++)
            {
                double before = 1;
                double value = x;
                for (int n = 2; n <= count; n++)
                {
                    (before, value) = (value, ((((2 * n) - 1) * x * value) - ((n - 1) * before)) / n);
                }

                slope = count * ((x * value) - before) / ((x * x) - 1);
                double step = value / slope;
                x -= step;
                if (Math.Abs(step) < 1e-16)
                {
                    break;
                }
            }

            nodes[i] = (1 - x) / 2;
            weights[i] = 1 / ((1 - (x * x)) * slope * slope);
        }

        return (nodes, weights);
    }
}
