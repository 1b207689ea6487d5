namespace Exai.Torture;

/// <summary>What was seen during a run. Thread-safe.</summary>
internal sealed class Findings
{
    private const int Shown = 20;
    private const int ShownCharacters = 1500;

    private readonly Lock _gate = new();
    private readonly List<(string Kind, string Text)> _violations = [];
    private readonly SortedDictionary<string, int> _answers = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, int> _faults = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, List<double>> _times = new(StringComparer.Ordinal);
    private readonly TextWriter _output;

    public Findings(TextWriter output) => _output = output;

    /// <summary>Kinds of violations that only some runs look for.</summary>
    public IReadOnlyList<string> Further { get; init; } = [];

    public int Violations
    {
        get
        {
            lock (_gate)
                return _violations.Count;
        }
    }

    /// <param name="kind">One of the words of the help text.</param>
    public void Violation(string kind, string text)
    {
        lock (_gate)
        {
            _violations.Add((kind, text));
            if (_violations.Count <= Shown)
                _output.WriteLine($"{kind.ToUpperInvariant()}: {text[..Math.Min(text.Length, ShownCharacters)]}");
        }
    }

    public void Answer(string how)
    {
        lock (_gate)
            _answers[how] = _answers.GetValueOrDefault(how) + 1;
    }

    public void Fault(FaultKind kind)
    {
        lock (_gate)
            _faults[$"{kind}"] = _faults.GetValueOrDefault($"{kind}") + 1;
    }

    public void Time(string what, TimeSpan time)
    {
        lock (_gate)
        {
            if (!_times.TryGetValue(what, out var times))
                _times[what] = times = [];
            times.Add(time.TotalMilliseconds);
        }
    }

    public void Print(IEnumerable<(string Name, string Value)> conditions)
    {
        lock (_gate)
        {
            List<(string Name, string Value)> lines = [.. conditions, ("faults", Counts(_faults)), ("answers", Counts(_answers))];
            foreach (var (what, times) in _times)
                lines.Add(($"{what}, ms", Figures.Summary(times)));
            foreach (var kind in (string[])["lost", "hung", "gone", "doubled", "crossed", "failed", "asked", .. Further])
                lines.Add((kind, $"{_violations.Count(violation => violation.Kind == kind)}"));
            var width = lines.Max(line => line.Name.Length);
            _output.WriteLine();
            foreach (var (name, value) in lines)
                _output.WriteLine($"{name.PadRight(width)} {value}");
        }
    }

    private static string Counts(SortedDictionary<string, int> counts) => string.Join(", ", counts.Select(count => $"{count.Key} {count.Value}"));
}
