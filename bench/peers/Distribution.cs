namespace Exai.Peers;

/// <summary>Measured values, in milliseconds.</summary>
internal sealed class Distribution
{
    private readonly double[] _sorted;

    public Distribution(IEnumerable<double> values) => _sorted = [.. values.Order()];

    public double P50 => At(0.5);

    public double P99 => At(0.99);

    public double Max => _sorted[^1];

    public int Count => _sorted.Length;

    private double At(double share) => _sorted[Math.Clamp((int)Math.Ceiling(share * _sorted.Length) - 1, 0, _sorted.Length - 1)];
}
