using Exai.Core.Models;
using Exai.Core.Providers.Kimi;
using Exai.Core.Providers.Services;
using Exai.Core.Tools.Files;
using Exai.Protocol;

namespace Exai.Core.Tools.Providers;

/// <summary>
/// A question about files under the names that callers of old know: what <c>chat</c> does, asked of one provider. Documents that are no text
/// (PDF, office files) are read by that provider.
/// </summary>
/// <param name="provider">Whose default model is asked unless the call names one; null leaves it to the call and the gateway.</param>
internal sealed class FileQuestionTool(string tool, string filesArgument, string promptArgument, string? provider, ModelDirectory directory) : ITool
{
    /// <summary>Who reads documents when the call names nobody; the first one that is configured.</summary>
    private static readonly string[] Readers = ["kimi", "glm"];

    private static readonly string SystemPrompt = PromptLibrary.Read("chat");

    public ToolDescriptor Descriptor { get; } = ToolCatalogue.Find(tool)!;

    public async Task<ToolAnswer> RunAsync(CallContext context, CancellationToken cancellationToken)
    {
        var arguments = context.Arguments;
        IReadOnlyList<string> named = Descriptor.Find(filesArgument)!.Kind == ParameterKind.TextList ? arguments.TextList(filesArgument) : [arguments.RequiredText(filesArgument, int.MaxValue)];
        var prompt = arguments.RequiredText(promptArgument, int.MaxValue);
        var model = Model(arguments);
        var files = filesArgument == "file_ids" ? await StoredAsync(named, cancellationToken) : await SentAsync(context, named, cancellationToken);
        var question = Asking.Question(context, SystemPrompt, files.Note.Length == 0 ? prompt : $"{prompt}\n\n{files.Note}", thread: null) with
        {
            Model = model,
            Files = files.Texts,
            Images = files.Images,
        };
        var answer = await context.AskAsync("answer", question, cancellationToken);
        return new ToolAnswer(Asking.WithNote(AnswerText.Compose(answer), files), new Threads.Turn
        {
            CallId = context.Call.CallId,
            Tool = tool,
            Question = prompt,
            Answer = answer.Text,
            Model = $"{answer.Provider}/{answer.Model}",
            At = context.Time.GetUtcNow(),
            Files = files.References,
        });
    }

    private ValueTask<CallFiles> SentAsync(CallContext context, IReadOnlyList<string> named, CancellationToken cancellationToken)
    {
        if (context.Call.Files.Count == 0)
        {
            throw ToolArguments.Invalid($"{string.Join(", ", named.Take(5))}: this client sent no files with the call. {FileGatherer.HowToSend}");
        }

        var reader = (Chosen(context.Arguments) is { } chosen ? [chosen] : Readers).Select(name => directory.Provider(name)?.Client)
            .Select(client => client?.GetService(typeof(IProviderFiles)) as IProviderFiles).FirstOrDefault(files => files is not null);
        return context.GatherFilesAsync(named, thread: null, cancellationToken, reader is null ? null : reader.ReadTextAsync);
    }

    private async ValueTask<CallFiles> StoredAsync(IReadOnlyList<string> ids, CancellationToken cancellationToken)
    {
        var files = ProviderServices.Of<KimiFiles>(directory, "kimi");
        var texts = new List<QuestionFile>();
        foreach (var id in ids)
        {
            texts.Add(new QuestionFile(id, await files.ReadStoredAsync(id, cancellationToken)));
        }

        return new CallFiles { Texts = texts };
    }

    /// <summary>The provider that the tool or the call names; null for none.</summary>
    private string? Chosen(ToolArguments arguments) =>
        provider ?? (Descriptor.Find("provider") is { } choice && arguments.Choice(choice) is { } given and not "auto" ? given : null);

    private string? Model(ToolArguments arguments)
    {
        var wished = arguments.Text("model");
        return wished is not (null or "auto") || Chosen(arguments) is not { } named ? wished
            : directory.Provider(named) is { PreferredModels: [var first, ..] } ? $"{named}/{first}"
            : throw new CallException(ErrorCodes.NoProvider, $"The provider {named} is not configured. Set {named.ToUpperInvariant()}_API_KEY and restart the daemon.");
    }
}
