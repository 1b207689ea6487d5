using Exai.Core.Models;
using Exai.Core.Providers.Kimi;
using Exai.Protocol;

namespace Exai.Core.Tools.Providers;

/// <summary>A question about files under the names that callers of old know: what <c>chat</c> does, asked of one provider.</summary>
/// <param name="provider">Whose default model is asked unless the call names one; null leaves it to the call and the gateway.</param>
internal sealed class FileQuestionTool(string tool, string filesArgument, string promptArgument, string? provider, ModelDirectory directory) : ITool
{
    private static readonly string SystemPrompt = PromptLibrary.Read("chat");

    public ToolDescriptor Descriptor { get; } = ToolCatalogue.Find(tool)!;

    public async Task<ToolAnswer> RunAsync(CallContext context, CancellationToken cancellationToken)
    {
        var arguments = context.Arguments;
        IReadOnlyList<string> named = Descriptor.Find(filesArgument)!.Kind == ParameterKind.TextList ? arguments.TextList(filesArgument) : [arguments.RequiredText(filesArgument, int.MaxValue)];
        var prompt = arguments.RequiredText(promptArgument, int.MaxValue);
        var texts = filesArgument == "file_ids" ? await StoredAsync(named, cancellationToken) : await SentAsync(context, named, cancellationToken);
        var question = Asking.Question(context, SystemPrompt, prompt, thread: null) with { Model = Model(arguments), Files = texts };
        var answer = await context.AskAsync("answer", question, cancellationToken);
        return new ToolAnswer(AnswerText.Compose(answer), new Threads.Turn
        {
            CallId = context.Call.CallId,
            Tool = tool,
            Question = prompt,
            Answer = answer.Text,
            Model = $"{answer.Provider}/{answer.Model}",
            At = context.Time.GetUtcNow(),
        });
    }

    private static async Task<IReadOnlyList<QuestionFile>> SentAsync(CallContext context, IReadOnlyList<string> named, CancellationToken cancellationToken)
    {
        if (context.Call.Files.Count == 0)
        {
            throw ToolArguments.Invalid($"{string.Join(", ", named.Take(5))}: this client sent no files with the call. Put what the model must see into a prompt of chat.");
        }

        return (await context.GatherFilesAsync(named, thread: null, cancellationToken)).Texts;
    }

    private async Task<IReadOnlyList<QuestionFile>> StoredAsync(IReadOnlyList<string> ids, CancellationToken cancellationToken)
    {
        var files = ProviderServices.Of<KimiFiles>(directory, "kimi");
        var texts = new List<QuestionFile>();
        foreach (var id in ids)
        {
            texts.Add(new QuestionFile(id, await files.ReadStoredAsync(id, cancellationToken)));
        }

        return texts;
    }

    private string? Model(ToolArguments arguments)
    {
        var wished = arguments.Text("model");
        var named = provider ?? (Descriptor.Find("provider") is { } choice && arguments.Choice(choice) is { } given and not "auto" ? given : null);
        return wished is not (null or "auto") || named is null ? wished
            : directory.Provider(named) is { PreferredModels: [var first, ..] } ? $"{named}/{first}"
            : throw new CallException(ErrorCodes.NoProvider, $"The provider {named} is not configured. Set {named.ToUpperInvariant()}_API_KEY and restart the daemon.");
    }
}
