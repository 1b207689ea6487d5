using System.Globalization;
using System.Text.RegularExpressions;
using Exai.Protocol;

namespace Exai.Core.Tools.Diagnosis;

/// <summary>The end of the daemon's log. It holds no prompts, answers or keys, and no other file can be named.</summary>
internal sealed class ActivityTool(string log) : IRecomputedTool
{
    private const int DefaultLines = 200;

    /// <summary>A pattern that backtracks without end is stopped.</summary>
    private static readonly TimeSpan FilterLimit = TimeSpan.FromMilliseconds(250);

    public ToolDescriptor Descriptor { get; } = ToolCatalogue.Find("activity")!;

    public Task<string> AnswerAsync(ToolArguments arguments, CancellationToken cancellationToken)
    {
        var since = Time(arguments, "since");
        var until = Time(arguments, "until");
        var lines = LogTail.Read(log, 20_000).Where(line => LogTail.At(line) is not { } at || ((since is null || at >= since) && (until is null || at <= until)));
        var shown = Filtered(lines, arguments.Text("filter")).TakeLast(arguments.OptionalInteger("lines") ?? DefaultLines).ToList();
        return Task.FromResult(shown.Count == 0 ? "The log has no such lines." : string.Join('\n', shown));
    }

    private static List<string> Filtered(IEnumerable<string> lines, string? filter)
    {
        if (filter is null)
        {
            return [.. lines];
        }

        try
        {
            var pattern = new Regex(filter, RegexOptions.CultureInvariant, FilterLimit);
            return [.. lines.Where(line => pattern.IsMatch(line))];
        }
        catch (ArgumentException wrong)
        {
            throw ToolArguments.Invalid($"'filter' is no regular expression: {wrong.Message}");
        }
        catch (RegexMatchTimeoutException)
        {
            throw ToolArguments.Invalid($"'filter' took longer than {FilterLimit.TotalMilliseconds:0} ms on one line; use a simpler one.");
        }
    }

    private static DateTimeOffset? Time(ToolArguments arguments, string name) => arguments.Text(name) is not { } text ? null
        : DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time
        : throw ToolArguments.Invalid($"'{name}' was '{text}'; it must be a time such as 2026-01-31T12:00:00Z.");
}
