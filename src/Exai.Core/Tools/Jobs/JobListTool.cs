using System.Text;
using System.Text.Json;
using Exai.Core.Calls;
using Exai.Core.Storage;
using Exai.Protocol;

namespace Exai.Core.Tools.Jobs;

/// <summary>The calls that were made last, of all sessions that whoever asks may see: what runs, and what can be claimed.</summary>
internal sealed class JobListTool(ICallStore store, TimeProvider time) : IRecomputedTool
{
    private const int Most = 20;
    private const int LongestQuestion = 80;

    /// <summary>The arguments that say what a call was about, best first.</summary>
    private static readonly string[] Questions = ["prompt", "step", "problem", "topic", "findings", "question"];

    public ToolDescriptor Descriptor { get; } = ToolCatalogue.Find(JobTools.List)!;

    public async Task<string> AnswerAsync(ToolArguments arguments, CancellationToken cancellationToken)
    {
        var calls = await store.ListAsync(Most, arguments.Token, cancellationToken);
        if (calls.Count == 0)
        {
            return "There are no calls yet.";
        }

        var text = new StringBuilder();
        foreach (var call in calls)
        {
            var age = (call.FinishedAt ?? time.GetUtcNow()) - call.AcceptedAt;
            text.AppendLine($"{call.CallId}  {call.State.ToString().ToLowerInvariant()}  {call.Tool}  {call.AcceptedAt:yyyy-MM-dd HH:mm:ss}Z  {age.TotalSeconds:0} s  {Question(call)}".TrimEnd());
        }

        return text.Append($"Claim an answer with {JobTools.Result}, end a running call with {JobTools.Cancel}; both take the id.").ToString();
    }

    private static string Question(CallSummary call)
    {
        var arguments = JsonElement.Parse(call.ArgumentsJson);
        var question = Questions.Select(name => arguments.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : null)
            .FirstOrDefault(text => text is not null) ?? "";
        var line = string.Join(' ', question.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        return line.Length <= LongestQuestion ? line : line[..(LongestQuestion - 1)] + "…";
    }
}
