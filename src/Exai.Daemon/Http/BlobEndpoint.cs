using Exai.Core.Storage;
using Exai.Core.Storage.Blobs;
using Exai.Daemon.Security;
using Exai.Protocol;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Exai.Daemon.Http;

/// <summary>
/// <c>HEAD|PUT /blobs/{sha256}</c>: whether the bytes are there (200 or 404), and taking them (201, or 204 when they were there). 400 for bytes of
/// another hash, 413 beyond <see cref="BlobContract.MostBytes"/>, 507 when the disk is full. Bodies are streamed.
/// </summary>
internal sealed class BlobEndpoint(RequestGuard guard, IBlobStore blobs)
{
    public static bool Matches(string path) => path.StartsWith(BlobContract.Path + "/", StringComparison.Ordinal);

    public async Task ServeAsync(HttpContext context)
    {
        if (!guard.RequireCaller(context, out _))
        {
            return;
        }

        var sha256 = context.Request.Path.Value![(BlobContract.Path.Length + 1)..];
        context.Response.StatusCode = !BlobContract.IsHash(sha256) ? StatusCodes.Status404NotFound
            : context.Request.Method switch
            {
                "HEAD" => await LookAsync(context, sha256),
                "PUT" => await TakeAsync(context, sha256),
                _ => StatusCodes.Status405MethodNotAllowed,
            };
    }

    private async Task<int> LookAsync(HttpContext context, string sha256)
    {
        try
        {
            return await blobs.HasAsync(sha256, context.RequestAborted) ? StatusCodes.Status200OK : StatusCodes.Status404NotFound;
        }
        catch (StoreException)
        {
            return StatusCodes.Status500InternalServerError;
        }
    }

    private async Task<int> TakeAsync(HttpContext context, string sha256)
    {
        if (context.Request.ContentLength > BlobContract.MostBytes)
        {
            return StatusCodes.Status413PayloadTooLarge;
        }

        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            // One more, so that the store can tell a blob that is too large from one that is just as large as allowed.
            limit.MaxRequestBodySize = BlobContract.MostBytes + 1;
        }

        try
        {
            return await blobs.WriteAsync(sha256, context.Request.Body, context.RequestAborted) switch
            {
                BlobWrite.Stored => StatusCodes.Status201Created,
                BlobWrite.Known => StatusCodes.Status204NoContent,
                BlobWrite.TooLarge => StatusCodes.Status413PayloadTooLarge,
                _ => StatusCodes.Status400BadRequest,
            };
        }
        catch (BadHttpRequestException refused)
        {
            return refused.StatusCode;
        }
        catch (StoreException failure)
        {
            return failure.Full ? StatusCodes.Status507InsufficientStorage : StatusCodes.Status500InternalServerError;
        }
    }
}
