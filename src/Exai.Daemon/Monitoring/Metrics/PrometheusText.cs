using System.Globalization;
using System.Text;
using OpenTelemetry;

namespace Exai.Daemon.Monitoring.Metrics;

/// <summary>Writes the Prometheus text format 0.0.4.</summary>
internal sealed class PrometheusText
{
    private static readonly Dictionary<string, string> Units = new(StringComparer.Ordinal) { ["s"] = "seconds", ["By"] = "bytes" };

    private readonly StringBuilder _text = new();

    /// <summary>Opens a metric; its name in the output.</summary>
    /// <param name="unit">As OpenTelemetry writes it; <c>s</c> and <c>By</c> become part of a name that lacks them.</param>
    /// <param name="type">counter, gauge or histogram.</param>
    public string Begin(string name, string unit, string help, string type)
    {
        var full = Name(name, unit, type);
        if (help.Length > 0)
        {
            _text.Append("# HELP ").Append(full).Append(' ').Append(Escaped(help, quotes: false)).Append('\n');
        }

        _text.Append("# TYPE ").Append(full).Append(' ').Append(type).Append('\n');
        return full;
    }

    /// <param name="upTo">The bound of a histogram's bucket.</param>
    public void Sample(string name, ReadOnlyTagCollection labels, double value, double? upTo = null)
    {
        _text.Append(name);
        var separator = '{';
        foreach (var (label, labelled) in labels)
        {
            Label(ref separator, Legal(label), Convert.ToString(labelled, CultureInfo.InvariantCulture) ?? "");
        }

        if (upTo is { } bound)
        {
            Label(ref separator, "le", Number(bound));
        }

        _text.Append(separator == ',' ? "} " : " ").Append(Number(value)).Append('\n');
    }

    public override string ToString() => _text.ToString();

    private void Label(ref char separator, string name, string value)
    {
        _text.Append(separator).Append(name).Append("=\"").Append(Escaped(value, quotes: true)).Append('"');
        separator = ',';
    }

    private static string Name(string name, string unit, string type)
    {
        var legal = Legal(name);
        if (Units.GetValueOrDefault(unit) is { } suffix && !legal.Contains('_' + suffix, StringComparison.Ordinal))
        {
            legal += '_' + suffix;
        }

        return type == "counter" && !legal.EndsWith("_total", StringComparison.Ordinal) ? legal + "_total" : legal;
    }

    private static string Legal(string name) => string.Concat(name.Select(letter => char.IsAsciiLetterOrDigit(letter) || letter == '_' ? letter : '_'));

    private static string Escaped(string text, bool quotes)
    {
        var escaped = text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
        return quotes ? escaped.Replace("\"", "\\\"", StringComparison.Ordinal) : escaped;
    }

    private static string Number(double value) =>
        double.IsPositiveInfinity(value) ? "+Inf" : double.IsNegativeInfinity(value) ? "-Inf" : double.IsNaN(value) ? "NaN" : value.ToString("R", CultureInfo.InvariantCulture);
}
