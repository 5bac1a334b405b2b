namespace DpSpark.Core.Numerics;

/// <summary>Expected absolute errors of additive noise, for reports.</summary>
public static class ExpectedError
{
    /// <summary>Laplace: the scale itself.</summary>
    /// <param name="scale">The scale.</param>
    public static double LaplaceAbsolute(double scale) => scale;

    /// <summary>Gaussian: sigma sqrt(2/pi).</summary>
    /// <param name="sigma">The standard deviation.</param>
    public static double GaussianAbsolute(double sigma) => sigma * Math.Sqrt(2 / Math.PI);

    /// <summary>An error over the magnitude of the true value; infinite for 0.</summary>
    /// <param name="error">The error.</param>
    /// <param name="value">The true value.</param>
    public static double Relative(double error, double value) => error / Math.Abs(value);
}
